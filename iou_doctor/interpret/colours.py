"""Tells colours from class scores among whole numbers in three or four channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import COLOUR_CHANNELS

LEAST_PIXELS_PER_COLOUR = 4
"""Mean number of pixels that must share a colour.

Class scores and photographs hardly ever repeat a colour. Masks of 150 classes repeat each about
60 times in the windows that are read.
"""
LEAST_SPREAD_OF_SUMS = 3
"""Channel sums must spread further than this.

Scores that were scaled to 0..255 all have the same sum, apart from rounding.
"""
WHITE = 255
"""The sum of such scores. Colours such as cyan and magenta all have a larger one."""
LEAST_BRIGHTNESS = 64
"""The brightest value of coloured masks is at least this.

Labels of volumes that are three voxels wide look alike but are smaller, and every known palette
is brighter.
"""
UNIT_ROUNDING = 0.01
"""How far 255 times a colour that was divided by 255 may be from a whole number, in float32."""


def has_colours(windows: Sequence[StoredArray], axis: int) -> bool:
    """Return whether there are few different colours along `axis`."""
    if windows[0].shape[axis] not in COLOUR_CHANNELS:
        return False
    values = _list_pixels(windows, axis)
    if not len(values):
        return False
    if not ((values >= 0) & (values <= 255) & (values == np.trunc(values))).all():
        return False
    # np.unique imports all of numpy.ma unless it is asked for counts as well (NumPy 2.3)
    colours = len(np.unique(values[:, :3] @ (65536.0, 256.0, 1.0), return_counts=True)[0])
    if colours * LEAST_PIXELS_PER_COLOUR > len(values):
        return False
    if values.max() <= 1:
        # channels of 0 and 1 that are all equal are one mask three times; no one-hot pixel is,
        # not even in the fourth of four channels
        return _is_grey(values) and bool(values[:, :3].any())
    if _are_one_hot_on_two_scales(values):
        return False
    sums = values.sum(axis=1)
    spread = float(sums.max() - sums.min())
    exceeds_scores = sums.min() > WHITE + LEAST_SPREAD_OF_SUMS
    return colours == 1 or spread > LEAST_SPREAD_OF_SUMS or exceeds_scores or _is_grey(values)


def _are_one_hot_on_two_scales(values: StoredArray) -> bool:
    """Return whether each pixel holds 1 or 255 in one channel and 0 in the others, and both occur.

    Args:
        values: shape (pixels, channels).
    """
    tops = values.max(axis=1)
    is_alone = np.count_nonzero(values) == len(values) and bool(tops.min())
    return is_alone and tops.min() == 1 and bool(np.isin(tops, (1, WHITE)).all())


def has_unit_colours(windows: Sequence[StoredArray], axis: int, *, may_be_two: bool) -> bool:
    """Return whether there are few different colours along `axis`, divided by 255.

    Channels of 0 and 1 are those of classes, unless they make two colours and no one-hot mask.

    Args:
        windows: parts of the array, complete along the axis.
        axis: the axis of the channels.
        may_be_two: whether there may be two classes.
    """
    values = _list_pixels(windows, axis) * 255
    whole = np.rint(values)
    if not len(values) or values.min() < 0 or np.abs(values - whole).max() > UNIT_ROUNDING:
        return False
    codes, counts = np.unique(whole[:, :3] @ (65536.0, 256.0, 1.0), return_counts=True)
    sums = whole[:, :3].sum(axis=1)
    if len(codes) * LEAST_PIXELS_PER_COLOUR > len(values):
        return False
    if np.isin(whole, (0, 255)).all():
        is_one_hot = (whole.sum(axis=1) == 255).all() or not (whole[:, 3:] == whole[0, 3:]).all()
        if len(codes) != 2 or is_one_hot or not may_be_two:
            return False
    return bool(counts.size > 1 and sums.max() - sums.min() > LEAST_SPREAD_OF_SUMS)


def has_chromatic_colours(windows: Sequence[StoredArray], axis: int) -> bool:
    """Return whether colours that `has_colours` found are neither all grey nor small labels."""
    values = _list_pixels(windows, axis)
    return not _is_grey(values) and bool(values.max() >= LEAST_BRIGHTNESS)


def has_several_greys(windows: Sequence[StoredArray], axis: int) -> bool:
    """Return whether colours that `has_colours` found are greys, and not all the same."""
    values = _list_pixels(windows, axis)
    return _is_grey(values) and bool(values[:, 0].max() > values[:, 0].min())


def is_grey_with_alpha(windows: Sequence[StoredArray], axis: int) -> bool:
    """Return whether the second of two channels is a constant alpha, as in grey pictures."""
    if windows[0].shape[axis] != len(("grey", "alpha")):
        return False
    values = _list_pixels(windows, axis)
    if not len(values):
        return False
    grey, alpha = values.T
    is_constant = alpha.min() == alpha.max() >= LEAST_BRIGHTNESS
    return bool(is_constant and (grey == np.trunc(grey)).all() and grey.min() < grey.max())


def _list_pixels(windows: Sequence[StoredArray], axis: int) -> NDArray[np.float64]:
    """Return the pixels of all windows as (pixels, channels)."""
    pixels = [np.moveaxis(window, axis, -1).reshape(-1, window.shape[axis]) for window in windows]
    return np.concatenate(pixels).astype(np.float64)


def _is_grey(values: NDArray[np.float64]) -> bool:
    return bool((values[:, :3] == values[:, :1]).all())
