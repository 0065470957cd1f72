/* Draw groups of images at random, for intervals. */

#include "kernels.h"

/* The step of SplitMix64, and its factors; `iou_doctor/ledger/draws.py` names the source. */
#define WEYL UINT64_C(0x9E3779B97F4A7C15)
#define FIRST_FACTOR UINT64_C(0xBF58476D1CE4E5B9)
#define SECOND_FACTOR UINT64_C(0x94D049BB133111EB)
/* Numbers that are drawn at once, by vector instructions. */
#define DRAWN 256

/* Write random numbers from 0 to `below` - 1, from a place in the sequence on. */
static void draw_numbers(uint64_t first, int64_t count, uint64_t below, uint32_t *drawn)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t state = (first + (uint64_t)i + 1) * WEYL;
        state = (state ^ state >> 30) * FIRST_FACTOR;
        state = (state ^ state >> 27) * SECOND_FACTOR;
        state ^= state >> 31;
        drawn[i] = (uint32_t)((state >> 32) * below >> 32);
    }
}

int64_t KERNEL(draw_groups)(DRAW_GROUPS_ARGUMENTS)
{
    uint32_t drawn[DRAWN];
    for (int64_t draw = 0; draw < draws; draw++, times += groups)
        for (int64_t start = 0; start < groups; start += DRAWN) {
            int64_t some = groups - start < DRAWN ? groups - start : DRAWN;
            draw_numbers((uint64_t)(first + draw * groups + start), some, (uint64_t)groups, drawn);
            for (int64_t i = 0; i < some; i++)
                times[drawn[i]] += 1;
        }
    return 0;
}
