"""Do what the NumPy back-end of the scan does, several times faster, with compiled loops.

Importing this package imports Numba. Every function releases the GIL. The machine code is cached on
disk, so Numba compiles only on the first use on a machine. The NumPy code in
`iou_doctor/scan/numpy/` (`pair_counts.py`, `decode_labels.py` and `values.py`) is the reference:
the kernels return the same counts bit for bit.

Each dtype of the arguments costs time to compile, so there are few. Labels of any width are passed
as bytes, and scores as the bits of float16, float32 or float64. The kernels convert float16 to
float32 tile by tile.
"""

from __future__ import annotations

from iou_doctor.scan.numba.kernels._channels import GATHERED
from iou_doctor.scan.numba.kernels._compiled import is_kept
from iou_doctor.scan.numba.kernels._labels import CELLS, Side, space, tally
from iou_doctor.scan.numba.kernels._scores import NO_CLASS_BYTE, scores_first, scores_last
from iou_doctor.scan.numba.kernels._tile import (
    ALL_ZERO,
    AT_LEAST_ONE,
    COUNTERS,
    FIRST_FRACTIONAL,
    FRACTIONAL,
    LANES,
    NEAR_TWICE,
    ON_255_GRID,
    ONE_HOT,
    OUTSIDE_UNIT,
    SUM_IS_ONE,
    TIES,
    TILE,
    Tile,
)

__all__ = [
    "ALL_ZERO",
    "AT_LEAST_ONE",
    "CELLS",
    "COUNTERS",
    "FIRST_FRACTIONAL",
    "FRACTIONAL",
    "GATHERED",
    "LANES",
    "NEAR_TWICE",
    "NO_CLASS_BYTE",
    "ONE_HOT",
    "ON_255_GRID",
    "OUTSIDE_UNIT",
    "SUM_IS_ONE",
    "TIES",
    "TILE",
    "Side",
    "Tile",
    "is_kept",
    "scores_first",
    "scores_last",
    "space",
    "tally",
]
