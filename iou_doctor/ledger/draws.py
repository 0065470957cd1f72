"""Random numbers that are the same every time and on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP = 0x9E3779B97F4A7C15
"""The step of the random numbers, from Steele et al., "Fast splittable pseudorandom number
generators" (SplitMix64). To import `numpy.random` would take a tenth of a small check."""

MIXES = (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)
"""Its shifts and factors."""


def draw_integers(count: int, below: int, *, first: int = 0) -> NDArray[np.int64]:
    """Return random integers from 0 to `below` - 1, the same ones every time.

    Args:
        count: how many.
        below: at most 2 ** 32.
        first: the place in the sequence from which they are taken.
    """
    state = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    state *= np.uint64(STEP)
    for shift, factor in MIXES:
        state ^= state >> np.uint64(shift)
        state *= np.uint64(factor)
    state ^= state >> np.uint64(31)
    state >>= np.uint64(32)
    state *= np.uint64(below)
    state >>= np.uint64(32)
    return state.view(np.int64)
