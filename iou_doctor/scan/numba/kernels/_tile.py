"""The working space of the kernels for scores, the arrays with a channel for each class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._compiled import has

TILE = 64
"""The pixels of a tile. A tile must fit in the cache: 64 x 21 float32 values take 5 KiB."""
LANES = 16 if has("avx512f") else 8
"""The pixels whose channels are in registers at once: as many float32 values as fill a register."""
FRACTIONAL, OUTSIDE_UNIT, AT_LEAST_ONE, ON_255_GRID = range(4)
SUM_IS_ONE, ALL_ZERO, ONE_HOT, TIES, NEAR_TWICE, FIRST_FRACTIONAL = range(4, 10)
COUNTERS = 10
"""The number of counters; the names above are their indices."""
LEAST, FINITE, ONE, NEAR_LOW, NEAR_HIGH = range(5)
"""Indices of `Tile.marks`.

The marks are the least integer, the key of the largest finite float, the key of 1, and the lowest
and the highest key of a pixel's largest channel that suggest an activation was applied twice.
"""
LOWEST, HIGHEST, LOWEST_TOP = range(3)
"""Indices of `Tile.extremes`: the lowest and the highest key, and the lowest of `Tile.tops`."""


class Tile(NamedTuple):
    """Working space for `TILE` pixels, and the counts over all tiles.

    The C * TILE values of a tile are stored channel by channel. A key is an integer that sorts like
    the float it belongs to: the bits of the float, or the mark `LEAST` minus the bits if the sign
    is set. Keys are compared and vectorised as integers, and -0.0 has the key of 0.0.
    """

    raw: NDArray[np.signedinteger]
    """The bits of the values as stored: int16, int32 or int64, shape (C * TILE,)."""
    bits: NDArray[np.signedinteger]
    """The bits of float32 or float64 values: `raw` itself, or a conversion of float16 values."""
    floats: NDArray[np.floating]
    """A view of `bits` as floats."""
    keys: NDArray[np.signedinteger]
    """The keys, of the dtype of `bits`; not filled in for a tile whose bits are its keys."""
    tops: NDArray[np.signedinteger]
    """The key of each pixel's largest channel, shape (TILE,)."""
    winners: NDArray[np.int32]
    """The index of that channel, shape (TILE,)."""
    sums: NDArray[np.float64]
    """Shape (3, TILE): the channel sums; rows 1 and 2 start with the least and the largest sums."""
    gathered: NDArray[np.signedinteger]
    """The results of `look_at_channels`, of the dtype of `bits`, shape (GATHERED, LANES)."""
    marks: NDArray[np.signedinteger]
    """Keys to compare with, of the dtype of `bits`, see `LEAST`."""
    tiny: float
    """The least normal float. -0.0 is compared as minus this number, which sorts it below 0.0."""
    counters: NDArray[np.int64]
    """Shape (COUNTERS,). `FIRST_FRACTIONAL` is the index of a pixel, or negative without one."""
    extremes: NDArray[np.int64]
    """Keys over all tiles, see `LOWEST`."""
