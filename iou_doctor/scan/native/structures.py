"""The structures that the native kernels share with Python, as `kernels.h` declares them."""

from __future__ import annotations

import numpy as np

CELLS, REPLICAS, BLOCK = 2**16, 8, 2**12
"""The sizes of the working space, as in `kernels.h`."""
LABELS = np.dtype(
    [
        *[(name, "u8" if name == "stored" else "i8") for name in ("stored", "width")],
        *[(name, "i8") for name in ("is_unsigned", "lowest", "highest", "start")],
        *[("names", "i8", 256), ("totals", "i8", 256), ("seen", "u8")],
    ]
)
"""`struct labels` of `kernels.h`; addresses are integers."""
SPACE = np.dtype(
    [
        ("cells", "u4", (CELLS + 32) * REPLICAS),
        ("codes", "u1", (2, BLOCK + 64)),
        ("orders", "u1", (2, 256)),
        ("runs", "u1", (3, BLOCK + 64)),
        ("pairs", "u2", BLOCK + 64),
        ("lengths", "u1", BLOCK + 64),
    ]
)
"""`struct space` of `kernels.h`."""
TASK = np.dtype(
    [
        *[(name, "u8") for name in ("y_true", "y_pred", "samples")],
        *[(name, "i8") for name in ("pixels", "images", "done")],
        *[("rows", "u8"), ("first", "i8"), ("last", "i8"), ("is_done", "i8")],
        *[("picks", "u8"), ("pick_count", "i8")],
    ]
)
"""`struct task` of `kernels.h`."""
QUEUE = np.dtype([("tasks", "u8"), ("places", "i8"), ("next", "i8"), ("published", "i8")])
"""`struct queue` of `kernels.h`."""
PICKS = np.dtype(
    [
        *[("stored", "u8"), ("width", "i8"), ("is_unsigned", "i8")],
        *[("starts", "u8"), ("images", "i8"), ("rows", "u8"), ("row_count", "i8")],
        *[("columns", "u8"), ("column_count", "i8"), ("picked", "u8")],
    ]
)
"""`struct picks` of `kernels.h`."""
MEASURES = np.dtype(
    [
        *[(name, "f8") for name in ("lowest", "highest", "lowest_top", "least_sum", "largest_sum")],
        *[(name, "f8") for name in ("near_low", "near_high", "sum_tolerance", "grid_tolerance")],
        *[(name, "i8") for name in ("fractional", "outside_unit", "at_least_one", "on_255_grid")],
        *[(name, "i8") for name in ("sum_is_one", "all_zero", "one_hot", "ties", "near_twice")],
        ("first_fractional", "i8"),
    ]
)
"""`struct measures` of `kernels.h`."""
MOST_CHANNELS, NO_CLASS, MEASURED = 256, 128, 0
"""The most channels of a pixel, what marks a pixel without a class, and the answer of a complete
pass of `measure_scores`, as in `kernels.h`."""
RUN = np.dtype(("i4", 8))
"""`struct run` of `kernels.h`."""
KINDS = np.dtype(
    [
        *[(name, "u8") for name in ("truth", "prediction")],
        *[(name, "i8") for name in ("depth", "height", "width", "labels", "reach")],
        *[("steps", "u8"), ("step_count", "i8"), ("codes", "u8"), ("regions", "u8")],
        *[("runs", "u8"), ("unsorted", "u8"), ("room", "i8"), ("ends", "u8"), ("firsts", "u8")],
        *[("planes", "u8"), ("plane", "i8"), ("lines", "u8"), ("line", "i8")],
    ]
)
"""`struct kinds` of `kernels.h`."""
NOTHING, PLANES = 2**16 - 1, 6
"""The label of pixels that belong to no class, and the planes of bits that a class needs, as in
`kernels.h`."""
