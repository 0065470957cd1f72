"""Resize the predictions to the size of the masks, nearest neighbour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mend(labels: NDArray[Any], spatial_shape: tuple[int, ...]) -> NDArray[Any]:
    """Return label maps (n, *spatial) brought to `spatial_shape`: each pixel takes the nearest.

    A target pixel takes the source pixel that holds its centre.
    """
    for axis, size in enumerate(spatial_shape, 1):
        centres = (np.arange(size) * 2 + 1) * labels.shape[axis] // (2 * size)
        labels = np.take(labels, centres, axis=axis)
    return labels
