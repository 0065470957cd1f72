/*
 * Compare one variant of the kernels with the portable one, on random arrays.
 *
 * OTHER is the name of the variant. Prints what differs and exits with 1 if anything does.
 */

#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int64_t count_function(COUNT_LABELS_ARGUMENTS);
typedef int64_t measure_function(MEASURE_SCORES_ARGUMENTS);

count_function count_labels_portable, JOIN(count_labels, OTHER);
measure_function measure_scores_portable, JOIN(measure_scores, OTHER);

enum { ROUNDS = 400, MOST_PIXELS = 3000, IMAGES = 4, ROWS = 300000 };

static uint64_t state = 88172645463325252u;

/* Return a number from 0 to `limit` - 1. */
static int64_t draw(int64_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)((state >> 11) % (uint64_t)limit);
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        exit(2);
    return memory;
}

/* ---- Labels ---------------------------------------------------------------------------------- */

/* What the kernel leaves behind. */
struct counted {
    struct labels sides[2];
    uint8_t seen[2][256];
    int64_t done, used;
    int64_t *rows;
};

static void start(struct counted *counted, uint8_t *stored[2], const int64_t *widths)
{
    memset(counted->rows, 0, 4 * ROWS * sizeof(int64_t));
    memset(counted->seen, 0, sizeof(counted->seen));
    for (int side = 0; side < 2; side++) {
        struct labels *labels = &counted->sides[side];
        memset(labels, 0, sizeof(*labels));
        labels->stored = stored[side];
        labels->width = widths[side];
        labels->lowest = INT64_MAX;
        labels->highest = INT64_MIN;
        labels->seen = counted->seen[side];
        for (int code = 0; code < 256; code++)
            labels->names[code] = code;
    }
    counted->done = 0;
}

static void count(count_function *function, struct counted *counted, int64_t pixels,
                  struct space *space)
{
    static const int64_t samples[IMAGES] = {3, 5, 8, 13};
    memset(space, 0, sizeof(*space));
    counted->used = function(&counted->sides[0], &counted->sides[1], pixels, samples, IMAGES,
                             &counted->done, space, counted->rows, ROWS, 0);
    for (int side = 0; side < 2; side++)
        counted->sides[side].seen = NULL;
}

/* Write labels in runs of random length, some of them wider than a byte. */
static void fill_labels(uint8_t *stored, int64_t width, int64_t pixels)
{
    int64_t classes = 1 + draw(draw(4) ? 20 : 256), longest = 1 + draw(100);
    int64_t least = width > 1 ? draw(1000) - 500 : 0, left = 0, label = 0;
    for (int64_t i = 0; i < pixels; i++, left--) {
        if (left <= 0) {
            label = least + draw(classes);
            left = 1 + draw(longest);
        }
        memcpy(stored + i * width, &label, (size_t)width);
    }
}

static int compare_labels(void)
{
    uint8_t *stored[2] = {allocate(MOST_PIXELS * IMAGES * 8), allocate(MOST_PIXELS * IMAGES * 8)};
    struct space *space = allocate(sizeof(*space));
    struct counted found[2];
    int different = 0;
    for (int i = 0; i < 2; i++)
        found[i].rows = allocate(4 * ROWS * sizeof(int64_t));
    for (int round = 0; round < ROUNDS; round++) {
        int64_t pixels = 1 + draw(draw(3) ? MOST_PIXELS : 200), widths[2];
        for (int side = 0; side < 2; side++) {
            widths[side] = (int64_t)1 << draw(4);
            fill_labels(stored[side], widths[side], pixels * IMAGES);
        }
        for (int i = 0; i < 2; i++) {
            start(&found[i], stored, widths);
            count(i ? JOIN(count_labels, OTHER) : count_labels_portable, &found[i], pixels, space);
        }
        if (memcmp(found[0].sides, found[1].sides, sizeof(found[0].sides)) ||
            memcmp(found[0].seen, found[1].seen, sizeof(found[0].seen)) ||
            found[0].done != found[1].done || found[0].used != found[1].used ||
            memcmp(found[0].rows, found[1].rows, 4 * ROWS * sizeof(int64_t))) {
            printf("labels: round %d, %d pixels, widths %d and %d differ\n", round, (int)pixels,
                   (int)widths[0], (int)widths[1]);
            different++;
        }
    }
    return different;
}

/* ---- Scores ---------------------------------------------------------------------------------- */

enum { VALUES = 40000 };

static double draw_score(int64_t kind)
{
    static const double special[] = {0, 0, 1, 1, 0.5, -0.0, -1, 2, 0x1p-24, 0x1p-1060, 255, 1e30};
    switch (draw(20) ? kind : 4) {
    case 0:
        return (double)draw(1000001) / 1000000;
    case 1:
        return (double)draw(256) / 255;
    case 2:
        return (double)draw(2);
    case 3:
        return (double)draw(2001) / 100 - 10;
    default:
        return special[draw(sizeof(special) / sizeof(*special))];
    }
}

/* Return the bits of a float16 near a number; which one does not matter here. */
static uint16_t narrow(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof(bits));
    int32_t exponent = (int32_t)(bits >> 23 & 255) - 112;
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    if (exponent <= 0)
        return sign | (uint16_t)draw(2);
    if (exponent > 30)
        return sign | 0x7BFF;
    return sign | (uint16_t)(exponent << 10 | (bits >> 13 & 1023));
}

static void fill_scores(uint8_t *values, int64_t width, int64_t kind)
{
    for (int64_t i = 0; i < VALUES; i++) {
        double number = draw_score(kind);
        float single = (float)number;
        uint16_t half = narrow(single);
        const void *source = width == 8 ? (void *)&number : width == 4 ? (void *)&single : &half;
        memcpy(values + i * width, source, (size_t)width);
    }
    if (!draw(10)) /* one value is NaN or infinite */
        memset(values + draw(VALUES) * width, 0xFF, (size_t)width);
}

static int64_t measure(measure_function *function, const uint8_t *values, int64_t width,
                       int64_t pixels, int64_t channels, int first, uint8_t *ids,
                       struct measures *measures)
{
    memset(measures, 0, sizeof(*measures));
    memset(ids, 0, VALUES);
    measures->lowest = measures->lowest_top = measures->least_sum = INFINITY;
    measures->highest = measures->largest_sum = -INFINITY;
    measures->sum_tolerance = 1e-3;
    measures->grid_tolerance = 0.07;
    measures->near_low = 0.4;
    measures->near_high = 0.7;
    measures->first_fractional = -1;
    return function(values, width, 2, pixels * channels, pixels, channels, first ? pixels : 1, ids,
                    measures);
}

/* Return whether all counts are equal. Which of 0.0 and -0.0 is the lowest value does not matter. */
static int are_equal(const struct measures *one, const struct measures *other)
{
    const double *ours = &one->lowest, *theirs = &other->lowest;
    const size_t integers = offsetof(struct measures, fractional);
    for (size_t i = 0; i < integers / sizeof(double); i++)
        if (ours[i] != theirs[i])
            return 0;
    return !memcmp(&one->fractional, &other->fractional, sizeof(*one) - integers);
}

static int compare_scores(void)
{
    uint8_t *values = allocate(VALUES * 8), *ids[2] = {allocate(VALUES), allocate(VALUES)};
    int different = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t width = (int64_t)2 << draw(3), channels = 1 + draw(draw(8) ? 30 : 256);
        int64_t pixels = 1 + draw(VALUES / channels / 2), results[2];
        int first = (int)draw(2);
        struct measures measures[2];
        fill_scores(values, width, draw(5));
        for (int i = 0; i < 2; i++)
            results[i] = measure(i ? JOIN(measure_scores, OTHER) : measure_scores_portable, values,
                                 width, pixels, channels, first, ids[i], &measures[i]);
        if (results[0] != results[1] ||
            (results[0] == MEASURED &&
             (memcmp(ids[0], ids[1], VALUES) || !are_equal(&measures[0], &measures[1])))) {
            printf("scores: round %d, %d pixels, %d channels %s of %d bytes differ\n", round,
                   (int)pixels, (int)channels, first ? "first" : "last", (int)width);
            different++;
        }
    }
    return different;
}

int main(void)
{
    int different = compare_labels() + compare_scores();
    printf("%d of %d comparisons differ\n", different, 2 * ROUNDS);
    return different > 0;
}
