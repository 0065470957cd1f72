"""The generalised Dice score of torchmetrics, with its batch-wide weights as they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.metrics.engine.areas import Areas


def compute_fractions(found: Areas, batch_size: int | None) -> NDArray[np.float32]:
    """Return numerator and denominator of each image and class, shape (2, images, classes).

    A class weighs one over its squared area. One without an area gets the largest weight that
    any image of the batch gives to a class, but the two are laid out in different orders: not to
    its own class, so that the value depends on the order of the images.

    Args:
        found: the areas.
        batch_size: images in one update; `None`: all.
    """
    images, classes = found.truth.shape
    with np.errstate(divide="ignore"):
        weights = (np.float32(1) / (found.truth**2).astype(np.float32)).astype(np.float32)
    absent = np.isinf(weights)
    weights[absent] = 0
    size = batch_size or max(1, images)
    for first in range(0, images, size):
        rows = slice(first, first + size)
        largest = weights[rows].max(axis=0)
        misplaced = np.repeat(largest, len(weights[rows])).reshape(len(weights[rows]), classes)
        weights[rows] = np.where(absent[rows], misplaced, weights[rows])
    numerator = np.float32(2) * found.intersection.astype(np.float32) * weights
    denominator = (found.truth + found.predicted).astype(np.float32) * weights
    return np.stack([numerator, denominator])
