"""The generalised Dice score of torchmetrics, including its misplaced weights of absent classes.

Source: torchmetrics 1.9.0, `functional/segmentation/generalized_dice.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.metrics.engine.areas import Areas


def compute_fractions(areas: Areas, batch_size: int | None) -> NDArray[np.float32]:
    """Return numerator and denominator of each image and class, shape (2, images, classes).

    The weight of a class is one over its squared area. A class without an area is to get the
    largest weight that any image of the batch gives to it. torchmetrics lays these weights out in
    another order than the classes, so that they land on other classes, and the value depends on
    the order of the images.

    Args:
        areas: areas of shape (images, classes).
        batch_size: images in one update; `None`: all.
    """
    images, classes = areas.truth.shape
    with np.errstate(divide="ignore"):
        weights = (np.float32(1) / (areas.truth**2).astype(np.float32)).astype(np.float32)
    absent = np.isinf(weights)
    weights[absent] = 0
    size = batch_size or max(1, images)
    for first in range(0, images, size):
        rows = slice(first, first + size)
        largest = weights[rows].max(axis=0)
        misplaced = np.repeat(largest, len(weights[rows])).reshape(len(weights[rows]), classes)
        weights[rows] = np.where(absent[rows], misplaced, weights[rows])
    numerator = np.float32(2) * areas.intersection.astype(np.float32) * weights
    denominator = (areas.truth + areas.predicted).astype(np.float32) * weights
    return np.stack([numerator, denominator])
