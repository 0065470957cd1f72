/* Tell boundary, extent and segment errors apart: `find_kinds` of `kernels.h`.
 *
 * The definition is in `iou_doctor/scan/error_kinds.py`. Each map is split into runs once. Then one
 * class after the other gets the regions of its runs, and the bits of a window around it.
 */

#include "kernels.h"

#include <string.h>

#include "runs.inc"

#include "planes.inc"

/* The planes of a class. */
enum { MISSED, ALARMS, RIGHT, NEITHER, NEAR_MISSED, NEAR_ALARMS };
/* Marks of a run of errors that could lie along a contour. */
enum { TOUCHES_RIGHT = 1, TOUCHES_NEITHER = 2 };
/* Words of a plane that are worked on together, so that they stay in the cache. */
#define WORDS_AT_ONCE 256

/* The rows, slices and one more that touch a pixel; images have only the first three. */
static const struct step TOUCHING[9] = {
    {0, 0, 1},  {0, -1, 1}, {0, 1, 1},  {-1, 0, 1}, {-1, -1, 1},
    {-1, 1, 1}, {1, 0, 1},  {1, -1, 1}, {1, 1, 1},
};

/* The runs of one class. */
struct class {
    struct span sides[2]; /* the runs of the truth and of the prediction */
    int is_wrong[2];      /* whether any pixel of each side is wrong */
    int is_found;         /* whether any pixel is right */
};

/* Find out whether pixels of a class are right, and whether some are wrong. */
static void look_at_runs(const struct kinds *kinds, struct class *class)
{
    for (int side = 0; side < 2; side++) {
        int64_t pixels = 0, found = 0;
        for (int32_t run = class->sides[side].first; run < class->sides[side].end; run++) {
            pixels += kinds->runs[run].pixels;
            found += kinds->runs[run].found;
        }
        class->is_wrong[side] = found < pixels;
        class->is_found = found > 0;
    }
}

/* Write EXTENT or SEGMENT for the wrong pixels of a side whose regions are known. */
static void write_regions(const struct kinds *kinds, const struct class *class, int side)
{
    for (int32_t number = class->sides[side].first; number < class->sides[side].end; number++) {
        const struct run *run = kinds->runs + number;
        const int64_t line = run->row * kinds->width;
        const uint8_t kind = kinds->runs[run->root].found ? EXTENT : SEGMENT;
        const uint16_t *truth = kinds->truth + line, *prediction = kinds->prediction + line;
        const uint16_t label = (uint16_t)run->label;
        uint8_t *codes = kinds->codes + line;
        if (side)
            for (int32_t place = run->start; place < run->end; place++)
                codes[place] |= truth[place] != label && truth[place] != NOTHING ? kind << 2 : 0;
        else
            for (int32_t place = run->start; place < run->end; place++)
                codes[place] |= prediction[place] != label ? kind : 0;
    }
}

/* Add the regions of a class to the table; return how many it has then. */
static int64_t list_regions(const struct kinds *kinds, const struct class *class, int64_t used)
{
    for (int32_t number = class->sides[0].first; number < class->sides[0].end; number++) {
        const struct run *run = kinds->runs + number;
        if (run->root != number)
            continue;
        int32_t *region = kinds->regions + 3 * used++;
        region[0] = run->label;
        region[1] = run->pixels;
        region[2] = run->found;
    }
    return used;
}

/* Return the window of a class. */
static struct window choose_window(const struct kinds *kinds, const struct class *class)
{
    const int32_t height = (int32_t)kinds->height;
    int32_t low[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, high[3] = {-1, -1, -1};
    for (int side = 0; side < 2; side++)
        for (int32_t number = class->sides[side].first; number < class->sides[side].end; number++) {
            const struct run *run = kinds->runs + number;
            const int32_t slice = run->row / height, row = run->row % height;
            const int32_t from[3] = {slice, row, run->start}, to[3] = {slice, row, run->end - 1};
            for (int axis = 0; axis < 3; axis++) {
                low[axis] = from[axis] < low[axis] ? from[axis] : low[axis];
                high[axis] = to[axis] > high[axis] ? to[axis] : high[axis];
            }
        }
    const int64_t reach = kinds->reach;
    const int64_t left = low[2] > reach ? low[2] - reach : 0;
    const int64_t right = high[2] + reach < kinds->width ? high[2] + reach : kinds->width - 1;
    struct window window = {
        .first_slice = low[0],
        .first_row = low[1],
        .first_word = left / 64,
        .slices = high[0] - low[0] + 1,
        .rows = high[1] - low[1] + 1,
        .words = right / 64 - left / 64 + 1,
        .above = kinds->depth > 1 ? reach : 0,
        .gap = reach / 64 + 1,
    };
    window.stride = window.words + window.gap;
    window.slice = window.stride * (window.rows + 2 * reach);
    window.size = window.slice * (window.slices + 2 * window.above);
    return window;
}

/* Set the bits of some runs. */
static void draw(const struct kinds *kinds, struct span span, const struct window *window,
                 uint64_t *plane)
{
    for (int32_t number = span.first; number < span.end; number++) {
        const struct run *run = kinds->runs + number;
        const int64_t slice = run->row / (int32_t)kinds->height - window->first_slice;
        const int64_t row = run->row % (int32_t)kinds->height - window->first_row;
        set_bits(plane + find_row(window, kinds->reach, slice, row),
                 run->start - 64 * window->first_word, run->end - 64 * window->first_word);
    }
}

/* Turn the planes of truth and prediction into those of missed pixels, false alarms, right pixels
 * and neither pixels in a row of the image. */
static void compare_row(uint64_t *const planes[], int64_t place, const struct window *window,
                        int64_t width)
{
    const int64_t bits = width - 64 * window->first_word; /* of the image, in the window */
    for (int64_t word = 0; word < window->words; word++) {
        const uint64_t inside =
            bits >= 64 * (word + 1) ? ~UINT64_C(0) : ~UINT64_C(0) >> (64 * (word + 1) - bits);
        const uint64_t truth = planes[MISSED][place + word];
        const uint64_t prediction = planes[ALARMS][place + word];
        planes[MISSED][place + word] = truth & ~prediction;
        planes[ALARMS][place + word] = prediction & ~truth;
        planes[RIGHT][place + word] = truth & prediction;
        planes[NEITHER][place + word] = ~(truth | prediction) & inside;
    }
}

/* Fill the first four planes of a class, and empty the others. */
static void draw_planes(const struct kinds *kinds, const struct class *class,
                        const struct window *window, uint64_t *const planes[])
{
    const int64_t reach = kinds->reach;
    for (int plane = 0; plane < PLANES; plane++)
        memset(planes[plane], 0, (size_t)window->size * sizeof(uint64_t));
    draw(kinds, class->sides[0], window, planes[MISSED]);
    draw(kinds, class->sides[1], window, planes[ALARMS]);
    for (int64_t slice = -window->above; slice < window->slices + window->above; slice++) {
        const int64_t real_slice = slice + window->first_slice;
        if (real_slice < 0 || real_slice >= kinds->depth)
            continue;
        for (int64_t row = -reach; row < window->rows + reach; row++) {
            const int64_t real_row = row + window->first_row;
            if (real_row >= 0 && real_row < kinds->height)
                compare_row(planes, find_row(window, reach, slice, row), window, kinds->width);
        }
    }
}

/* Some rows of a window that are worked on together. */
struct rows {
    int64_t slice, row, place, count; /* `count` is the number of words from `place` on */
};

/* Move to the next rows of a window, from those before; all 0 but `row` = -1 to begin with. */
static int take_rows(const struct kinds *kinds, const struct window *window, struct rows *rows)
{
    const int64_t most = WORDS_AT_ONCE > window->stride ? WORDS_AT_ONCE / window->stride : 1;
    rows->row = rows->row < 0 ? 0 : rows->row + most;
    if (rows->row >= window->rows) {
        rows->row = 0;
        rows->slice++;
    }
    if (rows->slice >= window->slices)
        return 0;
    const int64_t left = window->rows - rows->row;
    rows->place = find_row(window, kinds->reach, rows->slice, rows->row);
    rows->count = (left < most ? left : most) * window->stride;
    return 1;
}

/* Return one of the two pairs of lines that there is space for. */
static struct lines get_lines(const struct kinds *kinds, int64_t number)
{
    return (struct lines){kinds->lines + 1 + 2 * number * kinds->line,
                          kinds->lines + 1 + (2 * number + 1) * kinds->line};
}

/* Find the errors that lie within the width of a contour of right and neither pixels; return
 * whether there are any. */
static int find_near(const struct kinds *kinds, const struct window *window,
                     uint64_t *const planes[])
{
    struct lines right = get_lines(kinds, 0), neither = get_lines(kinds, 1);
    struct rows rows = {.row = -1};
    int any = 0;
    while (take_rows(kinds, window, &rows)) {
        const uint64_t *missed = planes[MISSED] + rows.place, *alarms = planes[ALARMS] + rows.place;
        if (!has_any(missed, rows.count) && !has_any(alarms, rows.count))
            continue;
        spread(planes[RIGHT], rows.place, rows.count, window, kinds->steps, kinds->step_count,
               &right);
        if (!has_any(right.now, rows.count))
            continue;
        spread(planes[NEITHER], rows.place, rows.count, window, kinds->steps, kinds->step_count,
               &neither);
        for (int64_t word = 0; word < rows.count; word++) {
            const uint64_t near = right.now[word] & neither.now[word];
            planes[NEAR_MISSED][rows.place + word] = missed[word] & near;
            planes[NEAR_ALARMS][rows.place + word] = alarms[word] & near;
        }
        any |= has_any(planes[NEAR_MISSED] + rows.place, rows.count) ||
               has_any(planes[NEAR_ALARMS] + rows.place, rows.count);
    }
    return any;
}

/* Keep those errors of a side that lie within the width of a contour of one of those near. */
static void keep_near(const struct kinds *kinds, const struct window *window,
                      uint64_t *const planes[], int side)
{
    struct lines lines = get_lines(kinds, 0);
    struct rows rows = {.row = -1};
    while (take_rows(kinds, window, &rows)) {
        uint64_t *errors = planes[MISSED + side] + rows.place;
        if (!has_any(errors, rows.count))
            continue;
        spread(planes[NEAR_MISSED + side], rows.place, rows.count, window, kinds->steps,
               kinds->step_count, &lines);
        for (int64_t word = 0; word < rows.count; word++)
            errors[word] &= lines.now[word];
    }
}

/* Add the runs of some rows of a plane, with what they touch. Returns 0 if there is no room. */
static int split_rows(const struct kinds *kinds, const struct window *window,
                      const struct rows *rows, const uint64_t *plane, const uint64_t *right,
                      const uint64_t *neither, struct span *span)
{
    const int64_t first = 64 * window->first_word;
    int64_t row = (rows->slice + window->first_slice) * kinds->height;
    row += rows->row + window->first_row;
    for (int64_t done = 0; done < rows->count; done += window->stride, row++) {
        const uint64_t *bits = plane + rows->place + done;
        for (int64_t end = 0, start;
             (start = find_bit(bits, window->words, end, 1)) < 64 * window->words;) {
            end = find_bit(bits, window->words, start, 0);
            if (span->end == kinds->room)
                return 0;
            kinds->runs[span->end++] = (struct run){
                .row = (int32_t)row,
                .start = (int32_t)(first + start),
                .end = (int32_t)(first + end),
                .touched = (has_bits(right + done, start, end) ? TOUCHES_RIGHT : 0) |
                           (has_bits(neither + done, start, end) ? TOUCHES_NEITHER : 0),
            };
        }
    }
    return 1;
}

/* Write BOUNDARY for the regions that touch right and neither pixels. */
static void write_boundaries(const struct kinds *kinds, struct span span, int side)
{
    for (int32_t number = span.first; number < span.end; number++) {
        const struct run *run = kinds->runs + number;
        if (kinds->runs[run->root].touched != (TOUCHES_RIGHT | TOUCHES_NEITHER))
            continue;
        const int64_t line = run->row * kinds->width;
        const uint16_t *truth = kinds->truth + line;
        uint8_t *codes = kinds->codes + line;
        for (int32_t place = run->start; place < run->end; place++)
            if (!side)
                codes[place] = (codes[place] & ~3) | BOUNDARY;
            else if (truth[place] != NOTHING)
                codes[place] = (codes[place] & 3) | BOUNDARY << 2;
    }
}

/* Find the boundary errors of one side of a class, with runs from `used` on. Returns 0 if there is
 * no room. */
static int find_boundaries(const struct kinds *kinds, const struct window *window,
                           uint64_t *const planes[], int side, int32_t used)
{
    const int64_t touching = kinds->depth > 1 ? 9 : 3;
    struct lines right = get_lines(kinds, 0), neither = get_lines(kinds, 1);
    struct span span = {used, used};
    struct rows rows = {.row = -1};
    keep_near(kinds, window, planes, side);
    while (take_rows(kinds, window, &rows)) {
        if (!has_any(planes[MISSED + side] + rows.place, rows.count))
            continue;
        spread(planes[RIGHT], rows.place, rows.count, window, TOUCHING, touching, &right);
        spread(planes[NEITHER], rows.place, rows.count, window, TOUCHING, touching, &neither);
        if (!split_rows(kinds, window, &rows, planes[MISSED + side], right.now, neither.now, &span))
            return 0;
    }
    find_regions(kinds, span);
    write_boundaries(kinds, span, side);
    return 1;
}

/* Find the kinds of the errors of a class. Returns 0 if there is no room. */
static int find_class(const struct kinds *kinds, struct class *class, int32_t used)
{
    look_at_runs(kinds, class);
    for (int side = 0; side < 2; side++) {
        if (side && !class->is_wrong[side])
            continue; /* the regions of the truth are listed even if nothing is wrong */
        find_regions(kinds, class->sides[side]);
        if (class->is_wrong[side])
            write_regions(kinds, class, side);
    }
    if (!class->is_found || kinds->reach < 1 || !(class->is_wrong[0] || class->is_wrong[1]))
        return 1;
    const struct window window = choose_window(kinds, class);
    uint64_t *planes[PLANES];
    for (int plane = 0; plane < PLANES; plane++)
        planes[plane] = kinds->planes + plane * kinds->plane;
    draw_planes(kinds, class, &window, planes);
    if (!find_near(kinds, &window, planes))
        return 1;
    return find_boundaries(kinds, &window, planes, 0, used) &&
           find_boundaries(kinds, &window, planes, 1, used);
}

int64_t KERNEL(find_kinds)(FIND_KINDS_ARGUMENTS)
{
    int32_t *ends[2] = {kinds->ends, kinds->ends + kinds->labels};
    const int64_t half = sort_runs(kinds, kinds->truth, kinds->prediction, ends[0], 0);
    const int64_t used =
        half < 0 ? -1 : sort_runs(kinds, kinds->prediction, kinds->truth, ends[1], half);
    if (used < 0)
        return -1;
    struct class class = {.sides = {{0, 0}, {(int32_t)half, (int32_t)half}}};
    int64_t regions = 0;
    for (int64_t label = 0; label < kinds->labels; label++) {
        for (int side = 0; side < 2; side++)
            class.sides[side].end = ends[side][label];
        if (!find_class(kinds, &class, (int32_t)used))
            return -1;
        regions = list_regions(kinds, &class, regions);
        for (int side = 0; side < 2; side++)
            class.sides[side].first = class.sides[side].end;
    }
    return regions;
}
