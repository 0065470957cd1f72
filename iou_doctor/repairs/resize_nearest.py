"""Resize to another spatial shape, nearest neighbour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = True


def mend(values: NDArray[Any], *, spatial: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return values of the spatial `shape`: each pixel takes the one that holds its centre."""
    for axis, size in zip(range(1, spatial + 1), shape, strict=True):
        centres = (np.arange(size) * 2 + 1) * values.shape[axis] // (2 * size)
        values = np.take(values, centres, axis=axis)
    return values
