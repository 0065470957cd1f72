"""Tells colours whose channels are 0 or 1 from one-hot classes, by the ids of the other array.

Black, red, green and yellow are (0, 0, 0), (1, 0, 0), (0, 1, 0) and (1, 1, 0). As one-hot classes,
black is no class and yellow two. Channels of nested regions, as of tumours, are alike: each
combination is a class of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Source
from iou_doctor.interpret.peek import read_windows

LEAST_SHARE = 0.05
"""Share of the pixels that must have no channel or several, so that they are no damage."""
LEAST_PIXELS_OF_COLOUR = 0.01
"""Share of the pixels of a colour that is compared with ids."""
LEAST_MAJORITY = 0.5
"""Share of the pixels of a colour that one id must have. Decent models exceed it by far."""


def has_binary_colours(source: Source, axes: Axes, other: Source, beside: Axes) -> bool:
    """Return whether each combination of channels has a class of its own in the other array.

    Args:
        source: an array of 0 and 1.
        axes: its axes; the first one does not hold the channels.
        other: an array of labels or of scores with the same pixels.
        beside: its axes.
    """
    windows = [_move_channels_last(w, axes) for w in _read(source, axes)]
    # the windows of both arrays show the same pixels
    labels = [_move_channels_last(w, beside) for w in _read(other, beside)]
    if beside.is_dense:
        labels = [scores.argmax(axis=-1) for scores in labels]
    if [window.shape[:-1] for window in windows] != [one.shape for one in labels]:
        return False
    pixels = np.concatenate([window.reshape(-1, axes.channels) for window in windows])
    return _are_combinations_classes(pixels, np.concatenate([one.ravel() for one in labels]))


def _read(source: Source, axes: Axes) -> list[StoredArray]:
    whole = len(axes.shape) if axes.channel is None else axes.channel
    return read_windows(source, whole_axis=whole)


def _move_channels_last(values: StoredArray, axes: Axes) -> StoredArray:
    """Return values with dense channels last, and without a channel axis of size 1."""
    if axes.channel is None:
        return values
    if axes.is_dense:
        return np.moveaxis(values, axes.channel, -1)
    return values.squeeze(axes.channel)


def _are_combinations_classes(pixels: NDArray[Any], labels: NDArray[Any]) -> bool:
    """Return whether combinations of channels, shape (pixels, channels), have ids of their own."""
    if not np.isfinite(labels).all() or (labels != np.trunc(labels)).any():
        return False
    single = 2 ** np.arange(pixels.shape[1])
    codes = (pixels > 0) @ single
    if np.mean(~np.isin(codes, single)) < LEAST_SHARE:
        return False
    majorities = [
        _find_majority(labels[codes == code])
        for code in np.unique(codes)
        if np.mean(codes == code) >= LEAST_PIXELS_OF_COLOUR
    ]
    ids = {label for label, share in majorities if share >= LEAST_MAJORITY}
    least = 2 if len(np.unique(labels)) == 2 else 3  # two classes show no third colour
    return len(ids) == len(majorities) >= least


def _find_majority(labels: NDArray[Any]) -> tuple[float, float]:
    """Return the most frequent label, and its share."""
    values, counts = np.unique(labels, return_counts=True)
    return float(values[counts.argmax()]), float(counts.max() / counts.sum())
