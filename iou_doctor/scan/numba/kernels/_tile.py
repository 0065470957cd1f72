"""The working space of the kernel for dense arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._compiled import has

TILE = 64
"""Pixels whose channels are looked at together: 64 x 21 float32 values take 5 KiB."""
LANES = 16 if has("avx512f") else 8
"""Pixels whose channels are in registers together: as many float32 as fill one."""
FRACTIONAL, OUTSIDE_UNIT, AT_LEAST_ONE, ON_255_GRID = range(4)
SUM_IS_ONE, ALL_ZERO, ONE_HOT, TIES, NEAR_TWICE, FIRST_FRACTIONAL = range(4, 10)
COUNTERS = 10
LEAST, FINITE, ONE, NEAR_LOW, NEAR_HIGH = range(5)
"""Marks on the scale of keys, see `Tile`."""
LOWEST, HIGHEST, LOWEST_TOP = range(3)


class Tile(NamedTuple):
    """Working space for `TILE` pixels, and what all tiles add to.

    Values lie channel by channel, C * TILE of them. A key is an integer in the order of the
    floats: the bits, or `LEAST` minus the bits where the sign is set. Keys compare and vectorise
    as integers, and -0.0 has the key of 0.0.
    """

    raw: NDArray[np.signedinteger]
    """The bits as stored: int16, int32 or int64."""
    bits: NDArray[np.signedinteger]
    """The bits of float32 or float64; `raw` itself but for float16."""
    floats: NDArray[np.floating]
    """A view of `bits`."""
    keys: NDArray[np.signedinteger]
    """Of the dtype of `bits`; not filled in for a tile whose bits are its keys."""
    tops: NDArray[np.signedinteger]
    """The key of each pixel's largest channel, shape (TILE,)."""
    winners: NDArray[np.int32]
    """Its number, int32, shape (TILE,)."""
    sums: NDArray[np.float64]
    """float64, shape (3, TILE): channel sums; then, at a row's start, the least and the most."""
    gathered: NDArray[np.signedinteger]
    """What `look_at_channels` found, of the dtype of `bits`."""
    marks: NDArray[np.signedinteger]
    """Keys of note, see `LEAST`, of the dtype of `bits`."""
    tiny: float
    """float64: what -0.0 counts as, below zero."""
    counters: NDArray[np.int64]
    """int64, shape (COUNTERS,); `FIRST_FRACTIONAL` is a pixel, negative before there is one."""
    extremes: NDArray[np.int64]
    """int64 keys, see `LOWEST`."""
