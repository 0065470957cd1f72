"""Shift by whole pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = True


def mend(values: NDArray[Any], *, spatial: int, offset: tuple[int, ...]) -> NDArray[Any]:
    """Return values moved by `offset` along the spatial axes; the uncovered border is repeated."""
    for axis, by in zip(range(1, spatial + 1), offset, strict=True):
        places = np.clip(np.arange(values.shape[axis]) - by, 0, values.shape[axis] - 1)
        values = np.take(values, places, axis=axis)
    return values
