"""Tells colours whose channels are 0 or 1 from one-hot classes, by the ids of the other array.

Black, red, green and yellow are (0, 0, 0), (1, 0, 0), (0, 1, 0) and (1, 1, 0). As one-hot classes,
black is no class and yellow two. Masks of nested regions, as of tumours, are alike: each one
of the combinations is a class of its own. Predicted regions are no colours, and neither are classes
without a channel for background, unless they are on the last axis: networks put them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Source
from iou_doctor.counts.value_counts import MIDDLE_OF_BYTES
from iou_doctor.interpret.peek import read_windows

FEWEST_REGIONS = 3
"""Number of combinations from which channels on another axis than the last one, where those of
pictures are, may be regions or classes."""
LEAST_SHARE = 0.05
"""Share of the pixels that must have no channel or several, so that they are no damage."""
LEAST_PIXELS_OF_COLOUR = 0.01
"""Share of the pixels of a colour that is compared with ids."""
LEAST_MAJORITY = 0.5
"""Share of the pixels of a colour that one id must have. Decent models exceed it by far."""


def has_binary_colours(
    source: Source, axes: Axes, other: Source, beside: Axes, *, may_be_regions: bool
) -> bool:
    """Return whether each combination of channels has a class of its own in the other array.

    Args:
        source: an array of 0 and 1.
        axes: its axes; the first one does not hold the channels.
        other: an array of labels or of scores with the same pixels.
        beside: its axes.
        may_be_regions: whether channels of which each lies inside another are no colours; on
            another axis than the last one, neither are channels that exclude each other.
    """
    windows = [_move_channels_last(w, axes) for w in _read(source, axes)]
    # the windows of both arrays show the same pixels
    labels = [_move_channels_last(w, beside) for w in _read(other, beside)]
    if beside.is_dense:
        labels = [scores.argmax(axis=-1) for scores in labels]
    if [window.shape[:-1] for window in windows] != [one.shape for one in labels]:
        return False
    pixels = np.concatenate([window.reshape(-1, axes.channels) for window in windows])
    codes = (pixels > 0) @ (2 ** np.arange(axes.channels))
    is_last = axes.channel == len(axes.shape) - 1
    fewest = axes.channels + 1 if is_last else FEWEST_REGIONS
    if may_be_regions and _are_regions(_list_codes(codes), fewest, may_exclude=not is_last):
        return False
    ids = np.concatenate([one.ravel() for one in labels])
    return _are_combinations_classes(codes, ids, axes.channels)


def are_regions_of_bytes(windows: Sequence[StoredArray], axis: int) -> bool:
    """Return whether the upper halves of bytes exclude each other, or lie inside each other.

    Args:
        windows: parts of the array, complete along the axis.
        axis: the axis of the channels.
    """
    pixels = [np.moveaxis(window, axis, -1).reshape(-1, window.shape[axis]) for window in windows]
    codes = (np.concatenate(pixels) > MIDDLE_OF_BYTES) @ (2 ** np.arange(pixels[0].shape[1]))
    return _are_regions(_list_codes(codes), FEWEST_REGIONS, may_exclude=True)


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


def _list_codes(codes: NDArray[Any]) -> list[int]:
    """Return the combinations that many pixels have."""
    values, counts = np.unique(codes, return_counts=True)
    common: list[int] = values[counts >= LEAST_PIXELS_OF_COLOUR * len(codes)].tolist()
    return common


def _are_regions(codes: list[int], fewest: int, *, may_exclude: bool) -> bool:
    """Return whether combinations have 0, 1, 2 … channels, each inside the next, or one at most.

    Args:
        codes: the combinations.
        fewest: the minimum number of them.
        may_exclude: whether all combinations may have one channel at most.
    """
    ordered = sorted(codes, key=int.bit_count)
    sizes = [code.bit_count() for code in ordered]
    inside = all(small & large == small for small, large in pairwise(ordered))
    is_nested = inside and sizes == list(range(len(sizes)))
    return len(sizes) >= fewest and (is_nested or (may_exclude and max(sizes) == 1))


def _are_combinations_classes(codes: NDArray[Any], labels: NDArray[Any], channels: int) -> bool:
    """Return whether combinations of channels have ids of their own."""
    if not np.isfinite(labels).all() or (labels != np.trunc(labels)).any():
        return False
    single = 2 ** np.arange(channels)
    if np.mean(~np.isin(codes, single)) < LEAST_SHARE:
        return False
    majorities = [_find_majority(labels[codes == code]) for code in _list_codes(codes)]
    ids = {label for label, share in majorities if share >= LEAST_MAJORITY}
    least = 2 if len(np.unique(labels)) == 2 else 3  # two classes show no third colour
    return len(ids) == len(majorities) >= least


def _find_majority(labels: NDArray[Any]) -> tuple[float, float]:
    """Return the most frequent label, and its share."""
    values, counts = np.unique(labels, return_counts=True)
    return float(values[counts.argmax()]), float(counts.max() / counts.sum())
