/*
 * The counting kernels of iou-doctor, called from Python through ctypes.
 *
 * The NumPy code in `iou_doctor/scan/numpy/` is the reference: the kernels return the same counts
 * bit for bit. They allocate nothing, keep no state of their own and call no library, so any number
 * of threads may use them at once.
 *
 * `labels.c`, `scores.c`, `kinds.c` and `draws.c` are compiled once for each variant of the
 * processor, with VARIANT defined as its name, which is appended to the names of all exported
 * functions. Arrays need not be aligned. Integers are stored in the byte order of the machine.
 */

#ifndef IOU_DOCTOR_KERNELS_H
#define IOU_DOCTOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Raised whenever a structure or a function below changes; `library.py` knows the same number. */
#define ABI 5

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

#define JOIN_NAMES(name, variant) name##_##variant
#define JOIN(name, variant) JOIN_NAMES(name, variant)
#define KERNEL(name) JOIN(name, VARIANT)

/* 1 in the variant `neon`, which compilers do not tell from `portable` by a macro of their own. */
#define VARIANT_IS_neon 1
#define IS_NEON JOIN(VARIANT_IS, VARIANT)

/* How many bytes ahead of the current ones are asked for. The processor's own prefetcher stops at
 * the end of a page. An address past the end of an array does no harm. */
#define PREFETCH(address, bytes) __builtin_prefetch((const char *)(address) + (bytes))
/* The bytes that the processor's cache loads at once. */
#define LINE 64

/* Ask for some bytes that come `ahead` bytes after an address. */
static inline void prefetch_lines(const void *address, int64_t bytes, int64_t ahead)
{
    for (int64_t line = 0; line < bytes; line += LINE)
        PREFETCH(address, ahead + line);
}

/* ---- Labels ---- */

/* The number of pairs of two codes. The lowest byte of a label is its code. */
#define CELLS 65536
/* Cells of each pair that pixels use in turn where neighbours differ, so that a store need not wait
 * for the one before. */
#define REPLICAS 8
/* The distance between the replicas of a cell, which must not share a cache set. */
#define STEP (CELLS + 32)
/* Pixels of wide labels whose codes are taken at once: few enough to stay in the cache. */
#define BLOCK 4096

/* The labels of one array. */
struct labels {
    const uint8_t *stored; /* the labels of all images, in the order of memory */
    int64_t width;         /* the bytes of a label: 1, 2, 4 or 8 */
    int64_t is_unsigned;   /* whether labels wider than a byte are unsigned */
    int64_t lowest;        /* the least label so far, only for labels wider than a byte */
    int64_t highest;       /* the largest label so far */
    int64_t start;         /* the code of the least label: from it on, labels ascend modulo 256 */
    int64_t names[256];    /* the label of each code; kept up to date for wide labels */
    int64_t totals[256];   /* how often each code occurs */
    uint8_t *seen;         /* whether each code has occurred so far; shared by all threads */
};

/* The working space of one thread. */
struct space {
    uint32_t cells[STEP * REPLICAS]; /* the count of each pair; all 0 between images */
    uint8_t codes[2][BLOCK + 64];    /* the codes of wide labels */
    uint8_t orders[2][256];          /* the codes of either side in ascending order of label */
    uint8_t runs[3][BLOCK + 64];     /* of each run the truth, the prediction and where it ends */
    uint16_t pairs[BLOCK + 64];      /* the cell of each run */
    uint8_t lengths[BLOCK + 64];     /* the pixels of each run */
};

/*
 * Count the pairs of labels of each image.
 *
 * Rows are written to `rows`, four arrays of `length` integers each, one after the other: image,
 * truth, prediction and count, in ascending order.
 *
 * y_true, y_pred: the labels; what was found is added to them.
 * pixels: the pixels of one image.
 * samples: the number of each image.
 * images: how many there are.
 * done: the position in `samples` of the first image to count; updated to the first image for
 *     which there was no room, or `images`.
 * used: the number of rows that are in use already.
 *
 * Returns the number of rows in use. It is negative if images are too small for so many codes, or
 * if two labels share a code.
 */
#define COUNT_LABELS_ARGUMENTS                                                                     \
    struct labels *y_true, struct labels *y_pred, int64_t pixels, const int64_t *samples,          \
        int64_t images, int64_t *done, struct space *space, int64_t *rows, int64_t length,         \
        int64_t used

/*
 * Count the pixels of each class in each of some small label maps.
 *
 * y_true, y_pred: the maps, one after the other. Their classes are 0 to `classes` - 1; any other
 *     label stands for no class.
 * images: how many maps there are.
 * pixels: the pixels of one map, less than 2 ** 32.
 * classes: 1 to 256.
 * areas: the output, 3 * `classes` integers for each map: the pixels of each class in the truth, in
 *     the prediction and in both. Pixels whose truth is no class do not count.
 *
 * Returns 0.
 */
#define COUNT_AREAS_ARGUMENTS                                                                      \
    const uint8_t *y_true, const uint8_t *y_pred, int64_t images, int64_t pixels, int64_t classes, \
        int64_t *areas

/* What a label of 64 bits is at most if it stands for no class. */
#define MOST_OF_NO_CLASS (-(INT64_C(1) << 62) + (INT64_C(1) << 31))
/* What is picked for a label that stands for no class. */
#define NO_LABEL INT32_MIN

/* Places in images, and the labels that are picked there. */
struct picks {
    const void *stored;    /* the labels of all images */
    int64_t width;         /* the bytes of a label: 1, 2, 4 or 8 */
    int64_t is_unsigned;   /* whether labels of less than 8 bytes are unsigned */
    const int64_t *starts; /* the index of the first label of each image */
    int64_t images;
    const int64_t *rows; /* where each row begins in an image */
    int64_t row_count;
    const int64_t *columns; /* where the places are in a row */
    int64_t column_count;
    int32_t *picked; /* the output, one label for each image, row and column */
};

/*
 * Pick the labels at some places of some images. Labels beyond the limits of 32 bits saturate.
 *
 * Returns 0.
 */
#define PICK_LABELS_ARGUMENTS const struct picks *picks

/* Images to count, and what was found. */
struct task {
    struct labels *y_true, *y_pred;
    const int64_t *samples;
    int64_t pixels, images;
    int64_t done;        /* the output, as in `count_labels` */
    int64_t *rows;       /* the output: the array that the rows were written to */
    int64_t first, last; /* the output: the rows, from `first` up to, but not including, `last`;
                            `last` is negative if `count_labels` returned a negative number */
    int64_t is_done;     /* 0 until the output is complete; `is_task_done` waits for the memory */
    const struct picks *picks; /* what is picked from the images besides */
    int64_t pick_count;
};

/* Tasks in the order in which they were published. Each has its place until it is reused. */
struct queue {
    struct task *tasks;
    int64_t places;    /* task `i` is in place `i` modulo `places` */
    int64_t next;      /* the number of the first task that no thread has taken */
    int64_t published; /* how many may be taken; the others may still be written */
};

/*
 * Carry out tasks one after the other, while other threads carry out others.
 *
 * queue: shared by all threads.
 * most: how many tasks this thread should carry out.
 * rows, length: as in `count_labels`, of this thread.
 * used: the number of rows that are in use already; updated.
 *
 * Returns the number of tasks that it carried out. It is less than `most` if none was left, or if
 * there was no room for all rows of the last one.
 */
#define RUN_TASKS_ARGUMENTS                                                                        \
    struct queue *queue, int64_t most, struct space *space, int64_t *rows, int64_t length,         \
        int64_t *used

/* Let one more task be taken, which is complete now. Returns 0. */
#define PUBLISH_TASK_ARGUMENTS struct queue *queue

/* Returns whether another thread has carried out a task. */
#define IS_TASK_DONE_ARGUMENTS const struct task *task

/* ---- Scores ---- */

/* The most channels of a pixel: a class fits in a byte. */
#define MOST_CHANNELS 256
/* Added to the class that a naive metric gives a pixel, to mark that the pixel has no class. */
#define NO_CLASS 128

/* The counts over all values and pixels. */
struct measures {
    double lowest, highest;        /* of all values */
    double lowest_top;             /* the least of the pixels' largest channels */
    double least_sum, largest_sum; /* of a pixel's channels */
    double near_low, near_high;    /* given: largest channels that suggest a second activation */
    double sum_tolerance;          /* given: how far a sum of 1 may be from 1 */
    double grid_tolerance;         /* given: how far 255 times a value may be from an integer */
    int64_t fractional;            /* values with a fraction */
    int64_t outside_unit;          /* values outside [0, 1] */
    int64_t at_least_one;
    int64_t on_255_grid;      /* values that are k / 255 for an integer k from 0 to 255 */
    int64_t sum_is_one;       /* pixels whose channels add up to 1 */
    int64_t all_zero;         /* pixels whose channels are all 0 */
    int64_t one_hot;          /* pixels with one channel 1 and all others 0 */
    int64_t ties;             /* pixels whose largest value occurs more than once */
    int64_t near_twice;       /* pixels whose largest channel is near_low to near_high */
    int64_t first_fractional; /* the index of the first pixel with a fraction, or -1 */
};

enum { MEASURED = 0, NOT_FINITE = 1, TOO_MANY_CHANNELS = 2 };

/*
 * Measure all channels of all pixels, and find the largest channel of each pixel.
 *
 * values: float16, float32 or float64.
 * width: their bytes: 2, 4 or 8.
 * images: how many images there are.
 * image: the distance from one image to the next, in values.
 * pixels: the pixels of one image.
 * channels: 1 to MOST_CHANNELS.
 * plane: the distance from one channel of a pixel to the next, in values, where the pixels of a
 *     channel lie side by side; 1 where the channels of a pixel do.
 * ids: the output: the first largest channel of each pixel. NO_CLASS is added for a pixel whose
 *     channels are all 0.
 * measures: the counts are added to it.
 *
 * Returns MEASURED; or, after an unfinished pass, NOT_FINITE if a value or a sum is NaN or
 * infinite, or TOO_MANY_CHANNELS if a pixel without a class has more than NO_CLASS channels.
 */
#define MEASURE_SCORES_ARGUMENTS                                                                   \
    const void *values, int64_t width, int64_t images, int64_t image, int64_t pixels,              \
        int64_t channels, int64_t plane, uint8_t *ids, struct measures *measures

/* ---- Kinds of errors ---- */

/* The label of pixels that belong to no class: void in the truth, no class in the prediction. */
#define NOTHING 65535
/* The planes of bits that a class needs. */
#define PLANES 6

enum { BOUNDARY = 1, EXTENT = 2, SEGMENT = 3 };

/* A part of a row. */
struct run {
    int32_t row, start, end; /* from `start` up to, but not including, `end` */
    int32_t label;
    int32_t root;          /* another run of the same region, or the run itself */
    int32_t pixels, found; /* its pixels, and those that are right */
    int32_t touched;       /* which pixels it touches */
};

/* Rows beside a pixel that are less than a width away. */
struct step {
    int32_t slice, row; /* where they lie */
    int32_t length;     /* how far they reach in both directions */
};

/* A pair of label maps, what is found, and the working space. */
struct kinds {
    const uint16_t *truth, *prediction;
    int64_t depth, height, width; /* the shape; the depth of an image is 1 */
    int64_t labels;               /* one more than the largest label apart from NOTHING */
    int64_t reach;                /* the width of a contour */
    const struct step *steps;     /* the rows within this width, the longest first */
    int64_t step_count;
    uint8_t *codes;   /* the output: the kind as a miss, plus 4 times that as a false alarm */
    int32_t *regions; /* the output: label, pixels and right pixels of each region of the truth */
    struct run *runs, *unsorted; /* space for `room` runs each */
    int64_t room;                /* the number of runs, and of regions, that there is room for */
    int32_t *ends;               /* space for 2 * labels */
    int32_t *firsts;             /* space for depth * height */
    uint64_t *planes;            /* space for PLANES * plane */
    int64_t plane;   /* (height + 2 reach) * (width / 64 + reach / 64 + 2), times depth + 2 reach
                        if the depth is more than 1 */
    uint64_t *lines; /* space for 4 * line */
    int64_t line;    /* 258, or 2 more than the words of a row of a plane if that is more */
};

/*
 * Find the kind of each wrong pixel, and the regions of the truth.
 *
 * The codes are to be 0 before. Returns the number of regions, or -1 if there is no room for the
 * runs.
 */
#define FIND_KINDS_ARGUMENTS const struct kinds *kinds

/* ---- Draws ---- */

/*
 * Draw as many groups as there are, with replacement, and do so several times.
 *
 * first: the place in the sequence of random numbers from which they are taken.
 * draws: how many times.
 * groups: how many groups there are, less than 2 ** 32.
 * times: the output, `groups` numbers for each draw: how often each group was drawn. It is 0
 * before.
 *
 * Returns 0.
 */
#define DRAW_GROUPS_ARGUMENTS int64_t first, int64_t draws, int64_t groups, double *times

/* `structures.py` describes the same structures to NumPy. */
_Static_assert(sizeof(struct labels) == 4152, "struct labels");
_Static_assert(sizeof(struct task) == 96, "struct task");
_Static_assert(sizeof(struct queue) == 32, "struct queue");
_Static_assert(sizeof(struct picks) == 80, "struct picks");
_Static_assert(sizeof(struct space) == 2131968, "struct space");
_Static_assert(sizeof(struct measures) == 152, "struct measures");
_Static_assert(sizeof(struct kinds) == 160, "struct kinds");
_Static_assert(sizeof(struct run) == 32, "struct run");

#ifdef VARIANT
EXPORTED int64_t KERNEL(count_labels)(COUNT_LABELS_ARGUMENTS);
EXPORTED int64_t KERNEL(run_tasks)(RUN_TASKS_ARGUMENTS);
EXPORTED int64_t KERNEL(publish_task)(PUBLISH_TASK_ARGUMENTS);
EXPORTED int64_t KERNEL(is_task_done)(IS_TASK_DONE_ARGUMENTS);
EXPORTED int64_t KERNEL(count_areas)(COUNT_AREAS_ARGUMENTS);
EXPORTED int64_t KERNEL(pick_labels)(PICK_LABELS_ARGUMENTS);
EXPORTED int64_t KERNEL(measure_scores)(MEASURE_SCORES_ARGUMENTS);
EXPORTED int64_t KERNEL(draw_groups)(DRAW_GROUPS_ARGUMENTS);
EXPORTED int64_t KERNEL(find_kinds)(FIND_KINDS_ARGUMENTS);
#endif

#endif
