"""Sample weights: pixels of weight 0 leave, as they do in the metric; other weights count as 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], NDArray[Any]]
IMAGES = 4
"""Axes of a batch of images with channels: weights of so many are those of single channels."""
UNREGARDED = "sample weights are not regarded"
LEFT_OUT = "without pixels of weight 0"
TAKEN_FOR_ONE = "sample weights are taken for 1"


def weighed(
    y_true: NDArray[Any], y_pred: NDArray[Any], weights: NDArray[Any] | None
) -> tuple[Arrays, str | None]:
    """Return the arrays that the metric counts, and what is to be said of its weights.

    Args:
        y_true: what it is given as truth, shape (n, ...).
        y_pred: what it is given as prediction, shape (n, ...).
        weights: one for each sample or pixel; `None`: none.
    """
    arrays = y_true, y_pred
    if weights is None:
        return arrays, None
    if weights.ndim == y_true.ndim > 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    by_value = weights.ndim == y_true.ndim >= IMAGES
    if by_value or any(array.shape[: weights.ndim] != weights.shape for array in arrays):
        return arrays, UNREGARDED
    counted = weights != 0
    note = None if len(np.unique(weights[counted])) <= 1 else TAKEN_FOR_ONE
    if counted.all() or not counted.any():
        return arrays, note
    left = tuple(_kept(array, counted) for array in arrays)
    return (left[0], left[1]), LEFT_OUT if note is None else f"{LEFT_OUT}; other {note}"


def _kept(array: NDArray[Any], counted: NDArray[np.bool_]) -> NDArray[Any]:
    """Return a list of the pixels that count, or of the samples."""
    kept = array[counted]
    lone = counted.ndim > 1 and kept.ndim == 2 and kept.shape[1] == 1
    return kept[:, 0] if lone else kept
