/*
 * Measure scores and find the largest channel of each pixel, tile by tile.
 *
 * Where the channels of a pixel lie side by side, a tile is first transposed, so that vectors hold
 * the same channel of neighbouring pixels.
 */

#include "kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The pixels of a tile, which must fit in the cache: 64 x 21 numbers of 4 bytes take 5 KiB. */
#define TILE 64
/* Adding this to a float from 0 to 255 rounds it: the sum has no bits left for a fraction. */
#define ROUNDS 12582912.0f
/* How many rows ahead pixels are asked for. */
#define AHEAD 64
#define LONGEST_ROW 528
#define NAME(function) JOIN(KIND, function)

typedef uint16_t half_number __attribute__((aligned(1), may_alias));
typedef float single_number __attribute__((aligned(1), may_alias));
typedef double double_number __attribute__((aligned(1), may_alias));

#include "lanes.inc"

#define KIND f64
#define INTEGER i64
#define REAL double_number
#define WORD int64_t
#define LANES F64_LANES
#define TINY DBL_MIN
#define WHOLE 4503599627370496.0       /* 2^52: from here on all doubles are whole */
#define LANE_ROUNDS 6755399441055744.0 /* as ROUNDS, for doubles */
#define f64_to_f64(place) f64_load(place)
#include "tile.inc"
#undef KIND
#undef INTEGER
#undef REAL
#undef WORD
#undef LANES
#undef TINY
#undef WHOLE
#undef LANE_ROUNDS

#define KIND f32
#define INTEGER i32
#define REAL single_number
#define WORD int32_t
#define LANES F32_LANES
#define TINY FLT_MIN
#define WHOLE 8388608.0f /* 2^23 */
#define LANE_ROUNDS ROUNDS
#include "tile.inc"

/* ---- float16 ---- */

/* Return the float that equals a float16. Without branches, compilers turn loops into vectors. */
static inline float widen_half(uint16_t half)
{
    uint32_t size = (uint32_t)(half & 0x7FFF) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    /* infinity and NaN get the largest exponent */
    uint32_t bits = size + (size >= 0x0F800000 ? 0x70000000 : 0x38000000),
             small = size + 0x38800000;
    float number;
    memcpy(&number, &small, sizeof(number));
    number -= 0x1p-14f; /* below 2^-14 there is no implied leading bit */
    memcpy(&small, &number, sizeof(small));
    bits = (size < 0x00800000 ? small : bits) | sign;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static inline void widen(const half_number *halves, int64_t count, float *numbers)
{
    int64_t i = 0;
#ifdef f32_from_halves
    for (; i + F32_LANES <= count; i += F32_LANES)
        f32_store(numbers + i, f32_from_halves(halves + i));
#endif
    for (; i < count; i++)
        numbers[i] = widen_half(halves[i]);
}

static int64_t look_at_half_planes(const half_number *values, ptrdiff_t plane, int64_t channels,
                                   int64_t pixels, int64_t index, uint8_t *ids,
                                   struct measures *measures)
{
    float rows[TILE * MOST_CHANNELS];
    int64_t length = TILE * MOST_CHANNELS / channels, problem = MEASURED;
    length = length > LONGEST_ROW ? LONGEST_ROW : length;
    for (int64_t first = 0, size; first < pixels && !problem; first += size) {
        size = pixels - first < length ? pixels - first : length;
        for (int64_t channel = 0; channel < channels; channel++)
            widen(values + channel * plane + first, size, rows + channel * length);
        problem =
            f32_look_at_planes(rows, length, channels, size, index + first, ids + first, measures);
    }
    return problem;
}

static int64_t look_at_half_pixels(const half_number *values, int64_t channels, int64_t pixels,
                                   int64_t index, uint8_t *ids, struct measures *measures)
{
    float numbers[TILE * MOST_CHANNELS];
    int64_t problem = MEASURED;
    for (int64_t first = 0, size; first < pixels && !problem; first += size) {
        size = pixels - first < TILE ? pixels - first : TILE;
        widen(values + first * channels, size * channels, numbers);
        problem = f32_look_at_pixels(numbers, channels, size, index + first, ids + first, measures);
    }
    return problem;
}

/* ---- All types ---- */

#define LOOK(PLANES, PIXELS, TYPE)                                                                 \
    (plane == 1 ? PIXELS((const TYPE *)values + number * image, channels, pixels, index,           \
                         ids + index, measures)                                                    \
                : PLANES((const TYPE *)values + number * image, plane, channels, pixels, index,    \
                         ids + index, measures))

int64_t KERNEL(measure_scores)(MEASURE_SCORES_ARGUMENTS)
{
    int64_t problem = MEASURED;
    if (channels < 1 || channels > MOST_CHANNELS)
        return TOO_MANY_CHANNELS;
    for (int64_t number = 0; number < images && !problem; number++) {
        int64_t index = number * pixels;
        if (width == 2)
            problem = LOOK(look_at_half_planes, look_at_half_pixels, half_number);
        else if (width == 4)
            problem = LOOK(f32_copy_and_look, f32_look_at_pixels, single_number);
        else
            problem = LOOK(f64_copy_and_look, f64_look_at_pixels, double_number);
    }
    return problem;
}
