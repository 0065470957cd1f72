"""Label maps that look like masks and the output of a decent model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Labels = NDArray[np.integer[Any]]


def draw_masks(
    shape: tuple[int, ...], classes: int, *, seed: int = 0, smoothness: float = 6.0
) -> Labels:
    """Return label maps of large blobs, uint8, of the given shape.

    Args:
        shape: (n, *spatial) for n images, or (1, *spatial) for one volume.
        classes: the ids are 0 to `classes` - 1. Class 0 covers the most.
        seed: of the random numbers.
        smoothness: the size of the blobs in pixels.
    """
    random = np.random.default_rng(seed)
    height = np.stack(
        [
            gaussian_filter(
                random.normal(size=(classes, *shape[1:])), (0, *[smoothness] * len(shape[1:]))
            )
            for _ in range(shape[0])
        ]
    )
    height /= height.std()
    height[:, 0] += 0.7
    return height.argmax(1).astype(np.uint8)


def predict(masks: Labels, classes: int, *, seed: int = 1, wrong: float = 0.06) -> Labels:
    """Return predictions of a decent model: moved edges, and blobs of wrong classes.

    Args:
        masks: label maps, shape (n, *spatial).
        classes: the ids are 0 to `classes` - 1.
        seed: of the random numbers.
        wrong: the share of the pixels that get another class, in blobs.
    """
    random = np.random.default_rng(seed)
    found = np.roll(masks, 1, axis=-1)
    noise = gaussian_filter(random.normal(size=masks.shape), (0, *[3.0] * (masks.ndim - 1)))
    other = draw_masks(masks.shape, classes, seed=seed + 100)
    return np.where(noise < np.quantile(noise, wrong), other, found).astype(masks.dtype)
