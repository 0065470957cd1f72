"""Swap height and width."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MOVES = True


def mend(
    values: NDArray[Any], *, spatial: int, refill: Literal["before", "after"] | None = None
) -> NDArray[Any]:
    """Return (n, …, W, H[, C]) as (n, …, H, W[, C]).

    Args:
        values: label maps or channels.
        spatial: the number of spatial axes.
        refill: the shape is right and the order of the pixels is not, so it stays: `before` the
            swap the pixels are filled into the swapped shape, or `after` it into the old one.
    """
    shape = values.shape
    height, width = shape[spatial - 1 : spatial + 1]
    if refill == "before":
        values = values.reshape(*shape[: spatial - 1], width, height, *shape[spatial + 1 :])
    swapped = np.swapaxes(values, spatial - 1, spatial)
    return swapped.reshape(shape) if refill == "after" else swapped
