"""Swap height and width of the predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mend(labels: NDArray[Any], spatial_shape: tuple[int, ...]) -> NDArray[Any]:
    """Return label maps (n, …, W, H) as (n, …, H, W).

    Raises:
        ValueError: the swap does not give `spatial_shape`.
    """
    swapped = np.swapaxes(labels, -1, -2)
    if swapped.shape[1:] != spatial_shape:
        raise ValueError(f"{labels.shape} with height and width swapped is not {spatial_shape}")
    return swapped
