"""Leave out the pixels whose sample weight is 0, as the metric does. Other weights count as 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IMAGE_AXES = 4
"""The number of axes of a batch of images with channels (n, height, width, channels). Weights with
so many axes belong to single channels and not to pixels."""
NOT_APPLIED = "sample weights are ignored"
LEFT_OUT = "pixels of weight 0 are left out"
TREATED_AS_ONE = "sample weights are treated as 1"


def drop_unweighted_pixels(
    y_true: NDArray[np.generic], y_pred: NDArray[np.generic], weights: NDArray[np.generic] | None
) -> tuple[tuple[NDArray[np.generic], NDArray[np.generic]], str | None]:
    """Return the samples or pixels whose weight is not 0, and a note about the weights.

    Weights that do not belong to samples or pixels are ignored.

    Args:
        y_true: the masks that the metric receives, shape (n, ...).
        y_pred: the predictions that it receives, shape (n, ...).
        weights: one weight for each sample, (n,), or for each pixel; `None` if there are none.

    Returns:
        `y_true` and `y_pred`, flattened to lists of pixels if pixels were dropped; and what was
        done, or `None` if the weights make no difference.
    """
    arrays = y_true, y_pred
    if weights is None:
        return arrays, None
    if weights.ndim == y_true.ndim > 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    per_channel = weights.ndim == y_true.ndim >= IMAGE_AXES
    if per_channel or any(array.shape[: weights.ndim] != weights.shape for array in arrays):
        return arrays, NOT_APPLIED
    counted = weights != 0
    note = None if len(np.unique(weights[counted])) <= 1 else TREATED_AS_ONE
    if counted.all() or not counted.any():
        return arrays, note
    left = _select(y_true, counted), _select(y_pred, counted)
    return left, LEFT_OUT if note is None else f"{LEFT_OUT}; other {note}"


def _select(array: NDArray[np.generic], counted: NDArray[np.bool_]) -> NDArray[np.generic]:
    """Return the samples or the list of pixels to count, without a channel axis of length 1."""
    selected = array[counted]
    has_one_channel = counted.ndim > 1 and selected.ndim == 2 and selected.shape[1] == 1
    return selected[:, 0] if has_one_channel else selected
