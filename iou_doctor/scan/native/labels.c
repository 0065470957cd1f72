/*
 * Count the pairs of truth and prediction labels of each image, or only the pixels of each class.
 *
 * Neighbouring pixels mostly have the same pair, so a run of them takes one addition. Where labels
 * change often, pixels are counted one by one instead.
 */

#include "kernels.h"

#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif IS_NEON
#include <arm_neon.h>
#endif

/* The pixels that are compared with their neighbours at once. */
#define GROUP 64
/* Ends of runs in a group from which counting each pixel is faster. */
#define NOISY 9
/* The same where all runs of a group are found at once. */
#define NOISIER 28
/* How many bytes ahead wide labels are asked for while their codes are taken. */
#define DISTANCE 2048
/* While codes are counted, cache lines of either side that are asked for at once, and the runs that
 * are counted in between. */
#define ASKED 2
#define RUNS 16
/* Pixels of an image up to which adding up the replicas of cells costs more than they save. */
#define SMALL 4096
/* The most possible pairs for each pixel of an image. With more pairs, going through the cells
 * takes too long. */
#define SPARSE 4

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOWEST_BYTE(width) ((width) - 1)
#else
#define LOWEST_BYTE(width) 0
#endif

typedef uint16_t label_2 __attribute__((aligned(1), may_alias));
typedef uint32_t label_4 __attribute__((aligned(1), may_alias));
typedef uint64_t label_8 __attribute__((aligned(1), may_alias));

/* ---- Codes of wide labels ---- */

static void extend(struct labels *side, int64_t lowest, int64_t highest)
{
    side->lowest = lowest < side->lowest ? lowest : side->lowest;
    side->highest = highest > side->highest ? highest : side->highest;
}

static void extend_by_codes(struct labels *side, const uint8_t *codes, int64_t pixels)
{
    uint8_t lowest = 255, highest = 0;
    for (int64_t i = 0; i < pixels; i++) {
        lowest = codes[i] < lowest ? codes[i] : lowest;
        highest = codes[i] > highest ? codes[i] : highest;
    }
    extend(side, lowest, highest);
}

/* Define `take_WIDTH`, which takes the lowest bytes of some labels and updates the extremes. */
#define DEFINE_TAKE(width, SIGNED)                                                                 \
    static void take_##width(struct labels *side, int64_t first, int64_t pixels, uint8_t *codes)   \
    {                                                                                              \
        const label_##width *labels = (const label_##width *)side->stored + first;                 \
        label_##width bits = 0;                                                                    \
        for (int64_t start = 0; start < pixels; start += GROUP) {                                  \
            int64_t end = pixels - start < GROUP ? pixels : start + GROUP;                         \
            prefetch_lines(labels + start, GROUP * width, DISTANCE);                               \
            for (int64_t i = start; i < end; i++) {                                                \
                bits |= labels[i];                                                                 \
                codes[i] = (uint8_t)labels[i];                                                     \
            }                                                                                      \
        }                                                                                          \
        if (bits < 256) {                                                                          \
            extend_by_codes(side, codes, pixels);                                                  \
            return;                                                                                \
        }                                                                                          \
        for (int64_t i = 0; i < pixels; i++) {                                                     \
            int64_t label = (SIGNED)labels[i];                                                     \
            if (side->is_unsigned)                                                                 \
                label = labels[i] > INT64_MAX ? INT64_MAX : (int64_t)labels[i];                    \
            extend(side, label, label);                                                            \
        }                                                                                          \
    }

DEFINE_TAKE(2, int16_t)
DEFINE_TAKE(4, int32_t)
DEFINE_TAKE(8, int64_t)

/* Return the codes of some pixels, which are taken to `codes` if labels are wider than a byte. */
static const uint8_t *take_codes(struct labels *side, int64_t first, int64_t pixels, uint8_t *codes)
{
    switch (side->width) {
    case 1:
        return side->stored + first;
    case 2:
        take_2(side, first, pixels, codes);
        break;
    case 4:
        take_4(side, first, pixels, codes);
        break;
    default:
        take_8(side, first, pixels, codes);
    }
    return codes;
}

/* Return whether no two labels so far share a code. */
static int has_distinct_codes(const struct labels *side)
{
    return side->width == 1 || (uint64_t)side->highest - (uint64_t)side->lowest < 256;
}

/* Bring the label of each code up to date; return whether one has changed. */
static int update_names(struct labels *side)
{
    int64_t start = side->lowest & 255;
    if (side->width == 1 || (side->names[start] == side->lowest && side->start == start))
        return 0;
    side->start = start;
    for (int64_t place = 0; place < 256; place++)
        side->names[(start + place) & 255] = (int64_t)((uint64_t)side->lowest + (uint64_t)place);
    return 1;
}

/* Write the codes that have occurred in ascending order of label; return their number. */
static int64_t order_codes(const struct labels *side, uint8_t *order)
{
    int64_t known = 0;
    for (int64_t place = 0; place < 256; place++) {
        uint8_t code = (uint8_t)(side->start + place);
        if (side->seen[code])
            order[known++] = code;
    }
    return known;
}

static void note_codes(struct labels *side, int64_t first, int64_t pixels)
{
    const uint8_t *lowest = side->stored + first * side->width + LOWEST_BYTE(side->width);
    for (int64_t i = 0; i < pixels; i++)
        side->seen[lowest[i * side->width]] = 1;
}

/* ---- Pairs ---- */

/* The wide labels of either side that come after the block that is counted. Memory would be idle
 * meanwhile if nobody asked for them. */
struct ahead {
    const uint8_t *labels[2];
};

static inline void ask_for_lines(struct ahead *ahead)
{
    for (int side = 0; side < 2; side++) {
        prefetch_lines(ahead->labels[side], ASKED * LINE, 0);
        ahead->labels[side] += ASKED * LINE;
    }
}

/* Ask for labels that are needed soon: the next wide ones, or bytes behind the current ones. */
static inline void ask_for_labels(struct ahead *ahead, const uint8_t *y_true, const uint8_t *y_pred)
{
    if (ahead) {
        ask_for_lines(ahead);
    } else {
        PREFETCH(y_true, BLOCK);
        PREFETCH(y_pred, BLOCK);
    }
}

#ifdef __AVX512VBMI2__
/* 1 to GROUP: where the run of each pixel of a group would end. */
static const uint8_t NUMBERS[GROUP] = {
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64};
#endif

static inline uint32_t get_cell(uint8_t truth, uint8_t prediction)
{
    return (uint32_t)truth << 8 | prediction;
}

/*
 * Return a bit for each of GROUP pixels: whether the next pixel has another pair of codes.
 * One pixel more is read.
 */
static inline uint64_t find_ends(const uint8_t *y_true, const uint8_t *y_pred)
{
#if defined(__AVX512BW__)
    __m512i truth = _mm512_loadu_si512(y_true), prediction = _mm512_loadu_si512(y_pred);
    return _cvtmask64_u64(_mm512_cmpneq_epu8_mask(truth, _mm512_loadu_si512(y_true + 1)) |
                          _mm512_cmpneq_epu8_mask(prediction, _mm512_loadu_si512(y_pred + 1)));
#elif defined(__AVX2__)
    uint64_t ends = 0;
    for (int i = 0; i < GROUP; i += 32) {
        __m256i true_same =
            _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(y_true + i)),
                              _mm256_loadu_si256((const __m256i *)(y_true + i + 1)));
        __m256i pred_same =
            _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(y_pred + i)),
                              _mm256_loadu_si256((const __m256i *)(y_pred + i + 1)));
        uint32_t same = (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(true_same, pred_same));
        ends |= (uint64_t)~same << i;
    }
    return ends;
#elif IS_NEON
    static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t some[4];
    for (int i = 0; i < 4; i++) {
        const uint8_t *ours = y_true + 16 * i, *theirs = y_pred + 16 * i;
        uint8x16_t same = vandq_u8(vceqq_u8(vld1q_u8(ours), vld1q_u8(ours + 1)),
                                   vceqq_u8(vld1q_u8(theirs), vld1q_u8(theirs + 1)));
        some[i] = vbicq_u8(vld1q_u8(bits), same);
    }
    uint8x16_t sums = vpaddq_u8(vpaddq_u8(some[0], some[1]), vpaddq_u8(some[2], some[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
#else
    uint64_t ends = 0;
    for (int i = 0; i < GROUP; i++)
        ends |= (uint64_t)((y_true[i] != y_true[i + 1]) | (y_pred[i] != y_pred[i + 1])) << i;
    return ends;
#endif
}

/* Count a run for each bit of `ends`; return the first pixel after the last of these runs. */
static inline int64_t count_runs(const uint8_t *y_true, const uint8_t *y_pred, int64_t first,
                                 uint64_t ends, int64_t begun, uint32_t *cells)
{
    while (ends) {
        int last = __builtin_ctzll(ends);
        int64_t after = first + last + 1;
        cells[get_cell(y_true[last], y_pred[last])] += (uint32_t)(after - begun);
        begun = after;
        ends &= ends - 1;
    }
    return begun;
}

/* Count GROUP pixels one by one, eight at a time from two loads. */
static inline void count_each(const uint8_t *y_true, const uint8_t *y_pred, uint32_t *cells)
{
    const uint64_t every_other = 0x00FF00FF00FF00FF;
    for (int i = 0; i < GROUP; i += 8) {
        uint64_t ours = *(const label_8 *)(y_true + i), theirs = *(const label_8 *)(y_pred + i);
        uint64_t even = (ours & every_other) << 8 | (theirs & every_other);
        uint64_t odd = (ours & ~every_other) | (theirs >> 8 & every_other);
        for (int replica = 0; replica < REPLICAS; replica += 2) {
            cells[(even & 0xFFFF) + replica * STEP]++;
            cells[(odd & 0xFFFF) + (replica + 1) * STEP]++;
            even >>= 16;
            odd >>= 16;
        }
    }
}

#ifdef __AVX512VBMI2__
/*
 * Count the runs of some groups of pixels, at most BLOCK, without a branch that depends on them.
 *
 * The end of a group also ends a run. One pixel behind the last group is read.
 */
static void count_compressed(const uint8_t *y_true, const uint8_t *y_pred, int64_t groups,
                             int replicated, struct ahead *ahead, struct space *space)
{
    const __m512i group = _mm512_set1_epi8(GROUP);
    uint8_t *truths = space->runs[0], *predictions = space->runs[1], *ends = space->runs[2];
    __m512i numbers = _mm512_loadu_si512(NUMBERS);
    int64_t found = 0;
    for (int64_t i = 0; i < groups; i++, y_true += GROUP, y_pred += GROUP) {
        ask_for_labels(ahead, y_true, y_pred);
        uint64_t last = find_ends(y_true, y_pred) | (uint64_t)1 << (GROUP - 1);
        if (replicated && __builtin_popcountll(last) > NOISIER) {
            count_each(y_true, y_pred, space->cells);
            continue;
        }
        __m512i truth = _mm512_loadu_si512(y_true), prediction = _mm512_loadu_si512(y_pred);
        _mm512_storeu_si512(truths + found, _mm512_maskz_compress_epi8(last, truth));
        _mm512_storeu_si512(predictions + found, _mm512_maskz_compress_epi8(last, prediction));
        _mm512_storeu_si512(ends + found, _mm512_maskz_compress_epi8(last, numbers));
        numbers = _mm512_add_epi8(numbers, group);
        found += __builtin_popcountll(last);
    }
    for (int64_t run = 0; run < found; run++)
        space->pairs[run] = (uint16_t)get_cell(truths[run], predictions[run]);
    space->lengths[0] = ends[0];
    for (int64_t run = 1; run < found; run++)
        space->lengths[run] = (uint8_t)(ends[run] - ends[run - 1]);
    int64_t most = ahead ? RUNS : found;
    for (int64_t start = 0; start < found; start += most) {
        int64_t end = found - start < most ? found : start + most;
        if (ahead)
            ask_for_lines(ahead);
        for (int64_t run = start; run < end; run++)
            space->cells[space->pairs[run]] += space->lengths[run];
    }
}
#endif

/* Count the pairs of codes of some pixels of one image. */
static void count_pairs(const uint8_t *y_true, const uint8_t *y_pred, int64_t pixels,
                        int replicated, struct ahead *ahead, struct space *space)
{
    uint32_t *cells = space->cells;
    int64_t first = 0, begun = 0;
#ifdef __AVX512VBMI2__
    while (pixels - first > GROUP) {
        int64_t groups = (pixels - first - 1) / GROUP;
        groups = groups > BLOCK / GROUP ? BLOCK / GROUP : groups;
        count_compressed(y_true + first, y_pred + first, groups, replicated, ahead, space);
        first += groups * GROUP;
    }
    begun = first;
#endif
    for (; first + GROUP < pixels; first += GROUP) {
        ask_for_labels(ahead, y_true + first, y_pred + first);
        uint64_t ends = find_ends(y_true + first, y_pred + first);
        if (replicated && __builtin_popcountll(ends) > NOISY) {
            if (begun < first)
                cells[get_cell(y_true[begun], y_pred[begun])] += (uint32_t)(first - begun);
            count_each(y_true + first, y_pred + first, cells);
            begun = first + GROUP;
        } else {
            begun = count_runs(y_true + first, y_pred + first, first, ends, begun, cells);
        }
    }
    uint8_t codes[2][GROUP + 1] = {{0}};
    int64_t rest = pixels - first; /* 1 to GROUP */
    memcpy(codes[0], y_true + first, (size_t)rest);
    memcpy(codes[1], y_pred + first, (size_t)rest);
    uint64_t ends = find_ends(codes[0], codes[1]) | (uint64_t)1 << (rest - 1);
    ends &= ~(uint64_t)0 >> (GROUP - rest);
    count_runs(codes[0], codes[1], first, ends, begun, cells);
}

static void count_image(struct labels *y_true, struct labels *y_pred, int64_t first, int64_t pixels,
                        int replicated, struct space *space)
{
    int are_bytes = y_true->width == 1 && y_pred->width == 1;
    int64_t most = are_bytes ? pixels : BLOCK;
    for (int64_t start = 0; start < pixels; start += most) {
        int64_t some = pixels - start < most ? pixels - start : most;
        const uint8_t *ours = take_codes(y_true, first + start, some, space->codes[0]);
        const uint8_t *theirs = take_codes(y_pred, first + start, some, space->codes[1]);
        int64_t next = first + start + some;
        struct ahead ahead = {
            {y_true->stored + next * y_true->width, y_pred->stored + next * y_pred->width}};
        count_pairs(ours, theirs, some, replicated, are_bytes ? NULL : &ahead, space);
    }
}

/* ---- Rows ---- */

/* Where rows go. */
struct rows {
    int64_t *image, *truth, *prediction, *count;
};

/* Move the counts from the cells to rows of codes; return the number of rows in use. */
static int64_t take_rows(struct space *space, const int64_t *known, int replicas, struct rows rows,
                         int64_t used, int64_t *total)
{
    *total = 0;
    for (int64_t i = 0; i < known[0]; i++) {
        for (int64_t j = 0; j < known[1]; j++) {
            uint8_t truth = space->orders[0][i], prediction = space->orders[1][j];
            uint32_t *cell = space->cells + get_cell(truth, prediction);
            int64_t count = 0;
            for (int replica = 0; replica < replicas; replica++)
                count += cell[replica * STEP];
            if (!count)
                continue;
            for (int replica = 0; replica < replicas; replica++)
                cell[replica * STEP] = 0;
            rows.truth[used] = truth;
            rows.prediction[used] = prediction;
            rows.count[used++] = count;
            *total += count;
        }
    }
    return used;
}

static void put_back(uint32_t *cells, struct rows rows, int64_t first, int64_t last)
{
    for (int64_t row = first; row < last; row++)
        cells[rows.truth[row] << 8 | rows.prediction[row]] = (uint32_t)rows.count[row];
}

/* Add the counts of rows to the totals of both sides, and replace codes by labels. */
static void name_rows(struct labels *y_true, struct labels *y_pred, int64_t sample,
                      struct rows rows, int64_t first, int64_t last)
{
    for (int64_t row = first; row < last; row++) {
        y_true->totals[rows.truth[row]] += rows.count[row];
        y_pred->totals[rows.prediction[row]] += rows.count[row];
        rows.image[row] = sample;
        rows.truth[row] = y_true->names[rows.truth[row]];
        rows.prediction[row] = y_pred->names[rows.prediction[row]];
    }
}

int64_t KERNEL(count_labels)(COUNT_LABELS_ARGUMENTS)
{
    struct labels *sides[2] = {y_true, y_pred};
    struct rows columns = {rows, rows + length, rows + 2 * length, rows + 3 * length};
    int replicas = pixels <= SMALL ? 1 : REPLICAS;
    int64_t known[2], needed = pixels < CELLS ? pixels : CELLS, total;
    if (pixels < 1 || pixels > UINT32_MAX)
        return -1;
    for (int side = 0; side < 2; side++)
        known[side] = order_codes(sides[side], space->orders[side]);
    for (; *done < images; ++*done) {
        int64_t first = *done * pixels;
        if (known[0] * known[1] > SPARSE * pixels)
            return -1;
        if (length - used < needed)
            return used;
        count_image(y_true, y_pred, first, pixels, replicas > 1, space);
        if (!has_distinct_codes(y_true) || !has_distinct_codes(y_pred)) {
            memset(space->cells, 0, sizeof(space->cells));
            return -1;
        }
        if (update_names(y_true) | update_names(y_pred))
            for (int side = 0; side < 2; side++)
                known[side] = order_codes(sides[side], space->orders[side]);
        int64_t last = take_rows(space, known, replicas, columns, used, &total);
        if (total != pixels) { /* some codes have not occurred in earlier images */
            put_back(space->cells, columns, used, last);
            for (int side = 0; side < 2; side++) {
                note_codes(sides[side], first, pixels);
                known[side] = order_codes(sides[side], space->orders[side]);
            }
            last = take_rows(space, known, replicas, columns, used, &total);
        }
        name_rows(y_true, y_pred, samples[*done], columns, used, last);
        used = last;
    }
    return used;
}

/* ---- Areas ---- */

/* Tables that neighbouring pixels use in turn, as they use the REPLICAS of a cell. */
#define TABLES 4

/* How often each byte occurs in the truth, in the prediction and in both. */
struct table {
    uint32_t truth[256], prediction[256], both[256];
};

static inline void count_pixel(struct table *table, uint8_t truth, uint8_t prediction,
                               int64_t classes)
{
    table->truth[truth]++;
    table->prediction[prediction] += truth < classes;
    table->both[truth] += truth == prediction;
}

int64_t KERNEL(count_areas)(COUNT_AREAS_ARGUMENTS)
{
    struct table tables[TABLES];
    for (int64_t image = 0; image < images; image++) {
        int64_t i = 0;
        memset(tables, 0, sizeof(tables));
        for (; i + TABLES <= pixels; i += TABLES)
            for (int own = 0; own < TABLES; own++)
                count_pixel(&tables[own], y_true[i + own], y_pred[i + own], classes);
        for (; i < pixels; i++)
            count_pixel(&tables[0], y_true[i], y_pred[i], classes);
        for (int64_t label = 0; label < classes; label++) {
            int64_t truth = 0, prediction = 0, both = 0;
            for (int own = 0; own < TABLES; own++) {
                truth += tables[own].truth[label];
                prediction += tables[own].prediction[label];
                both += tables[own].both[label];
            }
            areas[label] = truth;
            areas[classes + label] = prediction;
            areas[2 * classes + label] = both;
        }
        y_true += pixels;
        y_pred += pixels;
        areas += 3 * classes;
    }
    return 0;
}

/* ---- Places ---- */

static inline int32_t keep_int32(int64_t label)
{
    return (int32_t)label;
}

static inline int32_t saturate_uint32(int64_t label)
{
    return label > INT32_MAX ? INT32_MAX : (int32_t)label;
}

static inline int32_t saturate_int64(int64_t label)
{
    if (label <= MOST_OF_NO_CLASS)
        return NO_LABEL;
    return label < -INT32_MAX ? -INT32_MAX : saturate_uint32(label);
}

/* Pick from labels of a type, and turn each into 32 bits. */
#define PICK(type, narrow)                                                                         \
    for (int64_t image = 0; image < picks->images; image++)                                        \
        for (int64_t row = 0; row < picks->row_count; row++) {                                     \
            const type *labels =                                                                   \
                (const type *)picks->stored + picks->starts[image] + picks->rows[row];             \
            for (int64_t column = 0; column < picks->column_count; column++) {                     \
                type label;                                                                        \
                memcpy(&label, labels + picks->columns[column], sizeof(label));                    \
                *picked++ = narrow((int64_t)label);                                                \
            }                                                                                      \
        }

int64_t KERNEL(pick_labels)(PICK_LABELS_ARGUMENTS)
{
    int32_t *picked = picks->picked;
    switch (picks->width * 2 + (picks->is_unsigned != 0)) {
    case 2:
        PICK(int8_t, keep_int32)
        break;
    case 3:
        PICK(uint8_t, keep_int32)
        break;
    case 4:
        PICK(int16_t, keep_int32)
        break;
    case 5:
        PICK(uint16_t, keep_int32)
        break;
    case 8:
        PICK(int32_t, keep_int32)
        break;
    case 9:
        PICK(uint32_t, saturate_uint32)
        break;
    default:
        PICK(int64_t, saturate_int64)
    }
    return 0;
}

/* ---- Tasks ---- */

/* Return the first task that no thread has taken; NULL if there is none. */
static struct task *take_task(struct queue *queue)
{
    int64_t mine = __atomic_load_n(&queue->next, __ATOMIC_RELAXED);
    while (mine < __atomic_load_n(&queue->published, __ATOMIC_ACQUIRE))
        if (__atomic_compare_exchange_n(&queue->next, &mine, mine + 1, 0, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return &queue->tasks[mine % queue->places];
    return NULL;
}

int64_t KERNEL(run_tasks)(RUN_TASKS_ARGUMENTS)
{
    struct task *task;
    int64_t ran = 0;
    int is_full = 0;
    while (ran < most && !is_full && (task = take_task(queue))) {
        task->rows = rows;
        task->first = *used;
        task->last = KERNEL(count_labels)(task->y_true, task->y_pred, task->pixels, task->samples,
                                          task->images, &task->done, space, rows, length, *used);
        for (int64_t pick = 0; pick < task->pick_count; pick++)
            KERNEL(pick_labels)(&task->picks[pick]);
        if (task->last >= 0)
            *used = task->last;
        is_full = task->last >= 0 && task->done < task->images;
        __atomic_store_n(&task->is_done, 1, __ATOMIC_RELEASE);
        ran++;
    }
    return ran;
}

int64_t KERNEL(publish_task)(PUBLISH_TASK_ARGUMENTS)
{
    __atomic_fetch_add(&queue->published, 1, __ATOMIC_RELEASE);
    return 0;
}

int64_t KERNEL(is_task_done)(IS_TASK_DONE_ARGUMENTS)
{
    return __atomic_load_n(&task->is_done, __ATOMIC_ACQUIRE);
}
