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


def draw_pair(
    shape: tuple[int, ...],
    classes: int,
    *,
    seed: int = 0,
    smoothness: float = 6.0,
    noise: float = 0.3,
    background: float = 0.7,
) -> tuple[Labels, Labels]:
    """Return label maps and predictions whose edges and blobs differ at random, uint8.

    Args:
        shape: (n, *spatial).
        classes: the ids are 0 to `classes` - 1.
        seed: of the random numbers.
        smoothness: the size of the blobs in pixels.
        noise: how much the predictions differ: 0.15 for a good model, 1 for a weak one.
        background: how much class 0 covers: 0 for as much as the others.
    """
    random = np.random.default_rng(seed)

    def draw(sigma: float) -> NDArray[np.float64]:
        values = random.normal(size=(shape[0], classes, *shape[1:]))
        blurred = gaussian_filter(values, (0, 0, *[sigma] * (len(shape) - 1)))
        return blurred / blurred.std()

    height = draw(smoothness)
    height[:, 0] += background
    seen = height + noise * draw(smoothness) + noise * draw(smoothness / 3)
    return height.argmax(1).astype(np.uint8), seen.argmax(1).astype(np.uint8)
