"""Measure the boundary IoU: the IoU of the bands along the contours of each class.

Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation" (CVPR 2021).
The band of a class holds its pixels from which a pixel of something else, or the outside of the
image, is at most a width away. The width is 2 % of the diagonal, and the distance that of a king on
a chessboard: the public code erodes with squares of 3 by 3. In volumes, the diagonal and the
distance have three dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BAND_SHARE = 0.02
"""The width of the band as a share of the diagonal of an image."""


def choose_reach(shape: tuple[int, ...]) -> int:
    """Return the width of the bands in an image or a volume of this shape."""
    return max(1, round(BAND_SHARE * float(np.sqrt(sum(size**2 for size in shape)))))


def has_room_for_bands(shape: tuple[int, ...]) -> bool:
    """Return whether some pixels of an image or a volume can lie in no band."""
    return min(shape) > 2 * choose_reach(shape)


def count_bands(
    y_true: NDArray[np.integer], y_pred: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """Return the union and the intersection of the bands of each class, shape (2, classes).

    Args:
        y_true: the classes of an image or a volume; `num_classes` where none counts.
        y_pred: the same of the prediction.
        num_classes: the number of classes.
    """
    in_true, in_pred = find_band(y_true), find_band(y_pred)
    both = in_true & in_pred & (y_true == y_pred)
    true, pred, common = (
        np.bincount(labels[where], minlength=num_classes + 1)[:num_classes]
        for labels, where in ((y_true, in_true), (y_pred, in_pred), (y_true, both))
    )
    return np.stack([true + pred - common, common])


def find_band(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which pixels lie in the band of their own class, in the shape of the labels."""
    reach = choose_reach(labels.shape)
    band = np.ones(labels.shape, dtype=bool)
    if not has_room_for_bands(labels.shape):
        return band
    least = most = labels
    for axis in range(labels.ndim):
        least = _fold(least, 2 * reach + 1, np.minimum, axis=axis)
        most = _fold(most, 2 * reach + 1, np.maximum, axis=axis)
    band[(slice(reach, -reach),) * labels.ndim] = least != most
    return band


def _fold(
    values: NDArray[np.integer], length: int, how: np.ufunc, *, axis: int
) -> NDArray[np.integer]:
    """Return the least or the greatest of each run of values along an axis.

    Runs double in length with each step, so that a long run takes few steps.
    """
    along, done = np.moveaxis(values, axis, 0), 1
    while done < length:
        step = min(done, length - done)
        along = how(along[:-step], along[step:])
        done += step
    return np.moveaxis(along, 0, axis)
