"""The counting loops as machine code: what the NumPy reference does, several times faster.

Importing this package imports Numba. Every function releases the GIL, and its machine code is kept
on disk, so that only the first use on a machine compiles. The reference in `pair_counts.py`,
`decode_labels.py` and `values.py` defines each answer; these equal it bit for bit.

Few signatures: labels of any width come as their bytes, scores as float32 or float64, float16 as
its bits, turned into float32 tile by tile.
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
