"""Scenes and predictions with structured errors, for the rules on alignment.

Noise that hits each pixel alone hides nothing: real networks err in whole patches, so these do too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def boxes(
    seed: int, *, samples: int = 8, height: int = 48, width: int = 64, classes: int = 5
) -> Array:
    """Return (samples, height, width) labels: ten boxes at any place on a background of 0."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((samples, height, width), np.uint8)
    for image in labels:
        for _ in range(10):
            rows, columns = rng.integers(height // 8, height // 2), rng.integers(4, width // 2)
            top, left = rng.integers(0, height - rows), rng.integers(0, width - columns)
            image[top : top + rows, left : left + columns] = rng.integers(1, classes)
    return labels


def model(labels: Array, seed: int, *, signal: float = 2.0, classes: int = 5) -> Array:
    """Return predictions: the stronger the signal, the better; 0 knows nothing of the labels."""
    rng = np.random.default_rng(seed)
    patches = rng.normal(size=(*labels.shape, classes))
    for axis in (1, 2):
        patches = sum(np.roll(patches, by, axis) for by in range(-3, 4))
    patches /= patches.std()
    truth = labels[..., None] == np.arange(classes)
    return (signal * truth + patches).argmax(-1).astype(np.uint8)
