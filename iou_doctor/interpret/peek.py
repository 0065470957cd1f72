"""Reads a few small windows of an array: enough to tell which axis holds the classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.interpretation import MOST_CLASSES
from iou_doctor.arrays.source import Source, Window
from iou_doctor.counts.value_counts import SUM_TOLERANCE
from iou_doctor.interpret.colours import (
    has_chromatic_colours,
    has_colours,
    has_several_greys,
    is_grey_with_alpha,
)
from iou_doctor.record import record

PEEK_SAMPLES = 4
"""The number of samples to read, spread over the data. With `PEEK_WIDTH`, 4 x 48 x 48 pixels are
enough.
"""
PEEK_WIDTH = 48
"""The number of entries to read along each other axis, except the one that is summed over."""
FIRST_AXIS_ENTRIES = 16
"""The number of entries of axis 0 to read before all are read, as each may be a chunk to
decompress.
"""
LEAST_SHARE_OF_ONES = 0.98
"""Share of pixels whose channels must sum to 1. Resizing may have spoilt the others."""
LEAST_SHARE_OF_FIRST = 0.5
"""Share of pixels of the first window whose channels must sum to 1 for the others to be read.

If it is less, they cannot bring the share of all to `LEAST_SHARE_OF_ONES`.
"""
MOST_VOID = 0.5
"""Share of the pixels of a one-hot mask that may be void, which means that all channels are 0."""
CLIP_LIMIT = 2.0**32
"""Values are clipped here before they are summed, so that huge or infinite ones do not overflow.

Values whose sum is 1 lie within [0, 1], so clipping changes no result.
"""


@record
class Peek:
    """What a few small windows of an array show."""

    shape: tuple[int | None, ...]
    """The shape of the whole array."""
    floating: bool
    """Whether its dtype is a floating one."""
    binary: bool
    """Whether all values seen are 0 or 1."""
    in_unit: bool
    """Whether all values seen lie in [0, 1]."""
    sums_to_one: tuple[int, ...]
    """The candidate axes along which nearly every pixel sums to 1, except void pixels of masks."""
    counts_samples: bool
    """Whether axis 0 is known to count samples, as in folders, models and batches."""
    colour_axes: tuple[int, ...] = ()
    """The candidate axes along which there are few different colours."""
    chromatic_axes: tuple[int, ...] = ()
    """The colour axes whose colours are not all grey."""
    grey_axes: tuple[int, ...] = ()
    """The colour axes along which several greys are repeated."""


def peek_at(source: Source) -> Peek:
    """Return what a few small windows of `source` show."""
    candidates = [axis for axis in _list_candidates(source) if axis or _may_be_channels(source)]
    windows = {axis: _read_while_possible(source, axis) for axis in candidates}
    all_windows = [window for some in windows.values() for window in some]
    binary = bool(all_windows) and hold_only(all_windows, (0, 1))
    colour_axes = tuple(
        axis
        for axis in candidates
        if has_colours(windows[axis], axis) or is_grey_with_alpha(windows[axis], axis)
    )
    return Peek(
        shape=source.shape,
        floating=source.dtype.kind == "f",
        binary=binary,
        in_unit=all(_lies_in_unit(window) for window in all_windows),
        sums_to_one=tuple(axis for axis in candidates if _sums_to_one(windows[axis], axis, binary)),
        counts_samples=_has_samples(source) or _has_batches(source),
        colour_axes=colour_axes,
        chromatic_axes=tuple(
            axis for axis in colour_axes if has_chromatic_colours(windows[axis], axis)
        ),
        grey_axes=tuple(axis for axis in colour_axes if has_several_greys(windows[axis], axis)),
    )


def _list_candidates(source: Source) -> list[int]:
    """Return the axes that may hold classes and are not too long: the last, then 1, then 0."""
    shape = source.shape
    last = len(shape) - 1
    axes = [last] if len(shape) >= 2 else []
    if len(shape) >= 4:
        axes.append(1)
    elif len(shape) == 3 and not _has_samples(source):
        # (classes, height, width) or (samples, classes, pixels)
        axes += [1] if _has_batches(source) else [0, 1]
    lengths = {axis: shape[axis] for axis in axes}
    return [axis for axis, n in lengths.items() if n is not None and 2 <= n <= MOST_CLASSES]


def _has_samples(source: Source) -> bool:
    """Return whether axis 0 counts files, or what a model predicts for each image."""
    return source.names is not None or source.format == "model"


def _has_batches(source: Source) -> bool:
    """Return whether axis 0 counts samples because batches do; 2-D ones may be lists of pixels."""
    return source.format == "batches" and len(source.shape) >= 3


def _read_while_possible(source: Source, axis: int) -> list[StoredArray]:
    """Return windows that are complete along an axis: one if it shows that no classes are there.

    The windows of a long axis are spread over whole samples, which takes time in large files.
    """
    windows = _iterate_windows(source, axis)
    first = next(windows)
    is_long = first.shape[axis] > PEEK_WIDTH
    if is_long and not hold_only([first], (0, 1)):
        share = measure_share_of_ones([first], axis, void=True)
        if share < LEAST_SHARE_OF_FIRST:
            return [first]
    return [first, *windows]


def read_windows(
    source: Source, *, whole_axis: int, among: range | None = None
) -> list[StoredArray]:
    """Return windows from entries spread over the data, complete along one axis.

    Args:
        source: the array.
        whole_axis: the axis along which a window is complete.
        among: only the windows of these entries; `None` for all. Not for a whole axis 0.
    """
    return list(_iterate_windows(source, whole_axis, among))


def _iterate_windows(
    source: Source, whole_axis: int, among: range | None = None
) -> Iterator[StoredArray]:
    count = source.shape[0] or 0
    if whole_axis == 0:
        yield source.read(_choose_window(source.get_sample_shape(0), 0, count, whole_axis))
        return
    # a stream cannot go back, so only its first samples are read
    spread = range(count) if source.is_sequential else np.linspace(0, count - 1, PEEK_SAMPLES)
    for start in sorted({int(start) for start in spread})[:PEEK_SAMPLES]:
        if among is None or start in among:
            yield source.read(_choose_window(source.get_sample_shape(start), start, 1, whole_axis))


def _may_be_channels(source: Source) -> bool:
    """Return whether axis 0 may hold the classes of one sample.

    If it does, the first few entries cannot add up to more than 1.
    """
    count = source.shape[0] or 0
    if count <= FIRST_AXIS_ENTRIES:
        return True
    if source.is_sequential:
        indices = list(range(FIRST_AXIS_ENTRIES))
    else:
        indices = [int(index) for index in np.linspace(0, count - 1, FIRST_AXIS_ENTRIES)]
    entries = (
        source.read(_choose_window(source.get_sample_shape(index), index, 1, 0))
        for index in indices
    )
    first = next(entries)
    if source.dtype.kind != "f" and not _add_up_to_one([first]):
        return False  # whatever the others hold
    return _add_up_to_one([first, *entries])


def _add_up_to_one(entries: Sequence[StoredArray]) -> bool:
    """Return whether the sums of entries at most of the pixels are not more than 1."""
    values = np.concatenate(entries).astype(np.float64)
    finite = np.isfinite(values).all(axis=0)
    within = _find_unit_values(values).all(axis=0)
    sums = np.clip(values, -CLIP_LIMIT, CLIP_LIMIT).sum(axis=0)
    possible = finite & within & (sums <= 1 + SUM_TOLERANCE)
    return int(possible.sum()) >= LEAST_SHARE_OF_ONES * int(finite.sum())


def _choose_window(
    sample_shape: tuple[int, ...], start: int, width: int, whole_axis: int
) -> Window:
    """Return a window: `width` entries of axis 0, all of one axis, and the middle of the others."""
    window = [slice(start, start + width)]
    for axis, length in enumerate(sample_shape, 1):
        if axis == whole_axis or length <= PEEK_WIDTH:
            window.append(slice(0, length))
        else:
            middle = (length - PEEK_WIDTH) // 2
            window.append(slice(middle, middle + PEEK_WIDTH))
    return tuple(window)


def hold_only(windows: Sequence[StoredArray], values: Sequence[int]) -> bool:
    """Return whether windows hold no other values than these."""
    rows = (window[(0,) * (window.ndim - 1)] for window in windows)  # they show it for most arrays
    return all(bool(np.isin(part, values).all()) for part in (*rows, *windows))


def _find_unit_values(values: StoredArray) -> NDArray[np.bool_]:
    return (values >= 0) & (values <= 1 + SUM_TOLERANCE)


def _lies_in_unit(values: StoredArray) -> bool:
    return bool(values.min() >= 0 and values.max() <= 1 + SUM_TOLERANCE)


def _sums_to_one(windows: Sequence[StoredArray], axis: int, binary: bool) -> bool:
    return measure_share_of_ones(windows, axis, void=binary) >= LEAST_SHARE_OF_ONES


def measure_share_of_ones(
    windows: Sequence[StoredArray], axis: int, *, void: bool = False
) -> float:
    """Return the share of finite sums along an axis that are 1 and made of values in [0, 1].

    Args:
        windows: parts of one array.
        axis: the axis to sum over.
        void: whether sums of 0 count as well, up to the share `MOST_VOID` of all.
    """
    pixels = ones = zeros = 0
    for window in windows:
        # unlike comparisons of all values, these need no memory of the window's size
        lowest, highest = window.min(axis), window.max(axis)
        with np.errstate(over="ignore", invalid="ignore"):  # such sums are not 1
            sums = window.sum(axis, dtype=np.float64)
        finite = np.isfinite(lowest) & np.isfinite(highest)
        within = (lowest >= 0) & (highest <= 1 + SUM_TOLERANCE)
        pixels += int(finite.sum())
        ones += int((within & (np.abs(sums - 1) <= SUM_TOLERANCE)).sum())
        zeros += int((sums == 0).sum()) if void else 0
    return (ones + min(zeros, MOST_VOID * pixels)) / pixels if pixels else 0.0
