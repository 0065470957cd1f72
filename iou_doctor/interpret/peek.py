"""A small look at an array, enough to tell which axis holds the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.source import Source
from iou_doctor.interpret.colours import are_colours, are_painted
from iou_doctor.record import record

LONGEST_CLASS_AXIS = 1024
"""ADE20K has 150 classes, COCO-Stuff 171, the largest vocabularies some hundreds."""
SAMPLES = 4
WIDTH = 48
"""Entries looked at along each axis that is not summed over: 4 x 48 x 48 pixels are plenty."""
FEW = 16
"""Entries of axis 0 that are looked at before all are: each may be a chunk to unpack."""
SUM_TOLERANCE = 0.02
"""A float16 softmax over 11 classes is off by 0.0004; bfloat16 or resized ones by up to 0.01."""
SHARE = 0.98
"""Share of pixels whose sum must be 1; resizing may have spoilt some."""
FAR = 2.0**32
"""Values are cut here before they are summed; scores that sum to 1 lie within [0, 1]."""
VOID_SHARE = 0.5
"""Up to this share of the pixels of a one-hot mask may be void: all channels 0."""

COUNTED = ("images", "model")
"""Formats whose axis 0 is known to count samples."""


@record
class Seen:
    """What a look at a few samples shows."""

    shape: tuple[int | None, ...]
    floating: bool
    binary: bool
    """Whether only 0 and 1 were seen."""
    in_unit: bool
    """Whether all values seen lie in [0, 1]."""
    sums_to_one: tuple[int, ...]
    """Candidate axes along which the channels of nearly every pixel sum to 1.

    Where only 0 and 1 were seen, void pixels may sum to 0.
    """
    many_samples: bool
    """Whether axis 0 is known to count samples (folders, models, batches)."""
    colour_axes: tuple[int, ...] = ()
    """Candidate axes along which few different colours stand."""
    painted_axes: tuple[int, ...] = ()
    """Those of them whose colours are no greys."""


def look(source: Source) -> Seen:
    """Return what a few small windows of `source` show."""
    candidates = [axis for axis in _candidate_axes(source) if axis or _may_be_channels(source)]
    windows = {axis: slabs(source, whole=axis) for axis in candidates}
    everything = [window for some in windows.values() for window in some]
    binary = _binary(everything)
    coloured = tuple(axis for axis in candidates if are_colours(windows[axis], axis))
    return Seen(
        shape=source.shape,
        floating=source.dtype.kind == "f",
        binary=binary,
        in_unit=all(bool(_within_unit(window).all()) for window in everything),
        sums_to_one=tuple(axis for axis in candidates if _sums_to_one(windows[axis], axis, binary)),
        many_samples=source.format in COUNTED or _batched(source),
        colour_axes=coloured,
        painted_axes=tuple(axis for axis in coloured if are_painted(windows[axis], axis)),
    )


def _candidate_axes(source: Source) -> list[int]:
    """Return the axes that may hold classes: the last, then 1, then 0, of a fitting length."""
    shape = source.shape
    last = len(shape) - 1
    axes = [last] if len(shape) >= 2 else []
    if len(shape) >= 4:
        axes.append(1)
    elif len(shape) == 3 and source.format not in COUNTED:
        # (classes, height, width), (samples, classes, pixels)
        axes += [1] if _batched(source) else [0, 1]
    lengths = {axis: shape[axis] for axis in axes}
    return [axis for axis, n in lengths.items() if n is not None and 2 <= n <= LONGEST_CLASS_AXIS]


def _batched(source: Source) -> bool:
    """Return whether batches of samples were given; those of two axes may be lists of pixels."""
    return source.format == "batches" and len(source.shape) >= 3


def slabs(source: Source, *, whole: int) -> list[NDArray[Any]]:
    """Return windows from samples spread over the data, whole along one axis."""
    count = source.shape[0] or 0
    if whole == 0:
        return [source.read(_window(source.get_sample_shape(0), 0, count, whole))]
    # a stream that cannot go back is looked at where it starts
    spread = range(count) if source.is_sequential else np.linspace(0, count - 1, SAMPLES)
    starts = sorted({int(start) for start in spread})[:SAMPLES]
    return [
        source.read(_window(source.get_sample_shape(start), start, 1, whole)) for start in starts
    ]


def _may_be_channels(source: Source) -> bool:
    """Return whether axis 0 may hold the classes of one sample: no few of them add up to over 1."""
    count = source.shape[0] or 0
    if count <= FEW:
        return True
    spread = range(FEW) if source.is_sequential else np.linspace(0, count - 1, FEW).astype(int)
    entries = [source.read(_window(source.get_sample_shape(i), int(i), 1, 0)) for i in spread]
    values = np.concatenate(entries).astype(np.float64)
    finite = np.isfinite(values).all(axis=0)
    within = _within_unit(values).all(axis=0)
    sums = np.clip(values, -FAR, FAR).sum(axis=0)
    possible = finite & within & (sums <= 1 + SUM_TOLERANCE)
    return int(possible.sum()) >= SHARE * int(finite.sum())


def _window(sample_shape: tuple[int, ...], start: int, width: int, whole: int) -> tuple[slice, ...]:
    window = [slice(start, start + width)]
    for axis, length in enumerate(sample_shape, 1):
        if axis == whole or length <= WIDTH:
            window.append(slice(0, length))
        else:
            middle = (length - WIDTH) // 2
            window.append(slice(middle, middle + WIDTH))
    return tuple(window)


def _binary(slabs: list[NDArray[Any]]) -> bool:
    return all(bool(np.isin(slab, (0, 1)).all()) for slab in slabs)


def _within_unit(values: NDArray[Any]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (values >= 0) & (values <= 1 + SUM_TOLERANCE)
    return inside


def _sums_to_one(windows: list[NDArray[Any]], axis: int, binary: bool) -> bool:
    return share_of_ones(windows, axis, void=binary) >= SHARE


def share_of_ones(windows: list[NDArray[Any]], axis: int, *, void: bool = False) -> float:
    """Return the share of finite sums along an axis that are 1, made of values in [0, 1].

    With `void`, sums of 0 are as good, up to a share of the whole.
    """
    pixels = good = zeros = 0
    for window in windows:
        values = window.astype(np.float64)
        finite = np.isfinite(values).all(axis=axis)
        within = _within_unit(values).all(axis=axis)
        # beyond this no sum is 1, and huge or infinite values must not overflow
        sums = np.clip(values, -FAR, FAR).sum(axis=axis)
        pixels += int(finite.sum())
        good += int((finite & within & (np.abs(sums - 1) <= SUM_TOLERANCE)).sum())
        zeros += int((sums == 0).sum()) if void else 0
    return (good + min(zeros, VOID_SHARE * pixels)) / pixels if pixels else 0.0
