"""How many images a single axis of pixels may hold, and where their scores are.

A reshape of (images, classes, height, width) to (pixels, classes) mixes the classes and the pixels
of each image. To undo it, one has to know how many images there are.
"""

from __future__ import annotations

from math import isqrt, prod

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import Axes, Layout

LEAST_PIXELS = 64
"""Pixels of the smallest image: 8 x 8. Networks halve their images three times or more."""


def list_image_counts(layout: Layout) -> list[int]:
    """Return how many images each sample of the predictions may hold, one after the other.

    That is 1, unless all pixels lie along one axis. The masks may then show the number by their
    first axis. If they are flat as well, it may be any that divides the number of pixels.
    """
    axes = layout.y_pred
    if not is_list_of_pixels(axes):
        return [1]
    pixels = axes.spatial_shape[0] or 0
    first, *rest = layout.y_true.label_shape
    if rest and None not in (first, *rest):
        is_same = prod(size or 0 for size in (first, *rest)) == pixels
        return sorted({1, first or 1}) if is_same else [1]
    small = [count for count in range(1, isqrt(pixels) + 1) if pixels % count == 0]
    divisors = sorted({*small, *(pixels // count for count in small)})
    return [count for count in divisors if count == 1 or pixels >= LEAST_PIXELS * count]


def is_list_of_pixels(axes: Axes) -> bool:
    """Return whether the pixels of all images lie along one axis of known length."""
    return not axes.has_sample_axis and len(axes.spatial) == 1 and None not in axes.shape


def pick_scores(
    values: StoredArray, axes: Axes, images: int, pixels: NDArray[np.int64]
) -> StoredArray:
    """Return the scores of some pixels as they were written, shape (pixels, channels).

    Args:
        values: all scores of one sample.
        axes: what the axes of the array mean.
        images: how many images the sample holds.
        pixels: indices of pixels, in the order of all images.
    """
    flat = np.ascontiguousarray(values).reshape(-1)
    channels = np.arange(axes.channels)
    if images == 1 and not axes.has_channels_last:
        positions = pixels[:, None] * axes.channels + channels
    else:
        size = len(flat) // axes.channels // images
        image, pixel = np.divmod(pixels, size)
        positions = (image * size * axes.channels + pixel)[:, None] + channels * size
    scores: StoredArray = flat[positions]
    return scores
