"""Recognize JPEG by its blocks of 8 × 8 pixels.

JPEG changes values in the blocks that an edge crosses, and in no others. So a run of equal values
that is longer than a block mostly ends at the border of one, while all other changes lie anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.map_samples import Labels

BLOCK = 8
"""Height and width of the blocks of a grey JPEG, in pixels."""
FEWEST_RUNS = 100
"""Minimum number of long runs along each axis. Fewer may end anywhere by chance."""
LEAST_SHARE = 0.36
"""Minimum share of the long runs that end at borders of blocks. In JPEG these are 0.38 to 0.9, in
other masks at most 0.3, unless many of all changes lie there."""
LEAST_RATIO = 2.0
"""How many times as large as that of all changes this share is. Masks that were enlarged eightfold
have all changes at the borders of blocks."""


def has_jpeg_blocks(maps: Iterable[Labels]) -> bool:
    """Return whether label maps, shape (height, width), change block by block along both axes."""
    maps = list(maps)
    return _is_in_blocks(maps) and _is_in_blocks([values.T for values in maps])


def _is_in_blocks(maps: Iterable[Labels]) -> bool:
    """Return whether most of the long runs in the rows begin or end at the borders of blocks.

    The maps may start anywhere in a block.
    """
    long, every = np.zeros(BLOCK), np.zeros(BLOCK)
    for values in maps:
        changes = values[:, 1:] != values[:, :-1]
        place = np.arange(changes.shape[1]) % BLOCK
        long += np.bincount(place, _mark_long_runs(changes).sum(axis=0), BLOCK)
        every += np.bincount(place, changes.sum(axis=0), BLOCK)
    if long.sum() < FEWEST_RUNS:
        return False
    share = long.max() / long.sum()
    return bool(share >= max(LEAST_SHARE, LEAST_RATIO * every[long.argmax()] / every.sum()))


def _mark_long_runs(changes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return at which changes along the rows a run of equal values begins or ends."""
    inside = np.pad(changes, ((0, 0), (BLOCK, BLOCK)), constant_values=True)
    number = np.cumsum(inside, axis=1)  # beyond the map nothing is known to be equal
    here = slice(BLOCK, -BLOCK)
    before = number[:, BLOCK - 1 : -BLOCK - 1] == number[:, : -2 * BLOCK]
    after = number[:, 2 * BLOCK - 1 : -1] == number[:, here]
    runs: NDArray[np.bool_] = changes & (before | after)
    return runs
