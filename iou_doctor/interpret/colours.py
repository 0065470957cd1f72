"""Tells colours from class scores among whole numbers in three or four channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Stored = NDArray[Any]

COLOUR_CHANNELS = (3, 4)
PIXELS_A_COLOUR = 4
"""Class scores and pictures hardly repeat a colour; masks of 150 classes do so 60 times here."""
SUM_SPREAD = 3
"""Scores that were scaled to 0..255 and rounded sum to the same number, but for the rounding."""
PAINTED = 64
"""Labels of volumes three voxels wide are smaller; every known palette is brighter."""


def are_colours(slabs: Sequence[Stored], axis: int) -> bool:
    """Return whether these windows hold few different colours along `axis`."""
    values = _pixels(slabs, axis)
    if values.shape[1] not in COLOUR_CHANNELS or not len(values):
        return False
    if not ((values >= 0) & (values <= 255) & (values == np.trunc(values))).all():
        return False
    # asked for counts as well, since without them NumPy imports all of `numpy.ma`
    colours = len(np.unique(values[:, :3] @ (65536.0, 256.0, 1.0), return_counts=True)[0])
    if colours * PIXELS_A_COLOUR > len(values):
        return False
    if values.max() <= 1:
        # 0s and 1s are one mask three times, which no one-hot pixel is
        return _grey(values) and bool(values.any())
    sums = values.sum(axis=1)
    return colours == 1 or bool(sums.max() - sums.min() > SUM_SPREAD) or _grey(values)


def are_painted(slabs: Sequence[Stored], axis: int) -> bool:
    """Return whether what `are_colours` is no grey and no label either."""
    values = _pixels(slabs, axis)
    return not _grey(values) and bool(values.max() >= PAINTED)


def _pixels(slabs: Sequence[Stored], axis: int) -> NDArray[np.float64]:
    pixels = [np.moveaxis(slab, axis, -1).reshape(-1, slab.shape[axis]) for slab in slabs]
    return np.concatenate(pixels).astype(np.float64)


def _grey(values: NDArray[np.float64]) -> bool:
    return bool((values[:, :3] == values[:, :1]).all())
