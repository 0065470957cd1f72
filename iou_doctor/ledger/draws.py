"""Random numbers that are the same every time and on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP = 0x9E3779B97F4A7C15
"""The step of the random numbers, from Steele et al., "Fast splittable pseudorandom number
generators" (SplitMix64). To import `numpy.random` would take a tenth of a small check."""


def draw_integers(count: int, below: int, *, first: int = 0) -> NDArray[np.int64]:
    """Return random integers from 0 to `below` - 1, the same ones every time.

    Args:
        count: how many.
        below: at most 2 ** 32.
        first: the place in the sequence from which they are taken.
    """
    state = np.arange(first + 1, first + count + 1, dtype=np.uint64) * np.uint64(STEP)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return ((state >> np.uint64(32)) * np.uint64(below) >> np.uint64(32)).astype(np.int64)
