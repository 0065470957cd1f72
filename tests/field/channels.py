"""Scores of decent models for the tests of encodings: one channel, or one for each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from field.arrays import Labels, predict

Scores = NDArray[np.float32]


def binary_logits(truth: Labels, *, seed: int = 3, sharp: float = 4.0) -> Scores:
    """Return one channel of logits, positive about where `truth` is 1, shape (n, height, width)."""
    random = np.random.default_rng(seed)
    near = gaussian_filter(truth.astype(float), (0, 1.5, 1.5)) - 0.5
    noise = gaussian_filter(random.normal(size=truth.shape), (0, 3.0, 3.0))
    return np.asarray(sharp * (4 * near + 0.6 * noise / noise.std()), dtype=np.float32)


def squash(logits: NDArray[Any]) -> Scores:
    """Return the sigmoid of logits."""
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))), dtype=np.float32)


def class_logits(truth: Labels, classes: int, *, seed: int = 3) -> Scores:
    """Return class scores of smooth objects, shape (n, height, width, classes)."""
    random = np.random.default_rng(seed)
    found = predict(truth, classes, seed=seed)
    near = gaussian_filter((found[..., None] == np.arange(classes)) * 1.0, (0, 0.7, 0.7, 0))
    noise = gaussian_filter(random.normal(size=near.shape), (0, 1.0, 1.0, 0))
    return np.asarray(8 * near + 1.5 * noise - 2, dtype=np.float32)
