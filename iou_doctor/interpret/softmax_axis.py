"""What channel sums betray about scores whose class axis does not sum to 1."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Assumption, Axes, Layout, Relation
from iou_doctor.arrays.source import Source
from iou_doctor.interpret.peek import LONGEST_CLASS_AXIS, Seen, share_of_ones, slabs

LONGEST_BATCH = 128
"""A softmax over samples ran over one training batch; looking at more would read whole files."""
SHARE = 0.98
"""Share of sums that must be 1, as for a class axis."""
VARIED = 0.05
"""Values must spread this far: constant ones sum to 1 along any axis of the right length."""
LARGEST_SAMPLE = 2**26
"""Values of a sample that is read whole to look at it in another order (256 MB of float32)."""
PIXELS = 2**14
"""Pixels of that sample whose sums are looked at."""


def explain_sums(source: Source, seen: Seen, layout: Layout) -> Layout:
    """Return the layout with what the predictions' sums say, where those of the classes are off.

    Args:
        source: the predictions.
        seen: what a look at them showed.
        layout: what the axes mean by shape.
    """
    axes = layout.y_pred
    suspicious = seen.floating and seen.in_unit and not seen.binary and axes.is_dense
    if not suspicious or axes.channel in seen.sums_to_one or None in axes.shape:
        return layout
    if layout.relation not in {Relation.EQUAL, Relation.FLATTENED}:
        return layout
    other = _softmax_axis(source, axes, layout.y_true)
    if other is not None:
        return replace(layout, y_pred=replace(axes, softmax_axis=other))
    if not _reshaped(source, axes):
        return layout
    note = Assumption(
        "predictions.order", _order(axes), "only when reshaped back do the channels sum to 1"
    )
    return replace(layout, y_pred=replace(axes, is_reshaped=True), assumed=(*layout.assumed, note))


def _order(axes: Axes) -> str:
    """Return the axes of a sample as its values were written."""
    spatial = {1: "L", 2: "HW", 3: "DHW"}[len(axes.spatial)]
    return f"C{spatial}" if axes.has_channels_last else f"{spatial}C"


def _softmax_axis(source: Source, axes: Axes, y_true: Axes) -> int | None:
    """Return the one axis that sums to 1, if it is not the class axis."""
    found = [
        axis
        for axis, length in enumerate(axes.shape)
        if axis != axes.channel and _short(source, axis, length) and _ones(source, axis)
    ]
    if len(found) != 1:
        return None
    left = tuple(size for axis, size in enumerate(axes.shape) if axis != found[0])
    samples = axes.has_sample_axis and found[0] == 0
    return None if left == y_true.label_shape and not samples else found[0]


def _short(source: Source, axis: int, length: int | None) -> bool:
    if axis == 0 and source.is_sequential:
        return False
    return 2 <= (length or 0) <= (LONGEST_BATCH if axis == 0 else LONGEST_CLASS_AXIS)


def _ones(source: Source, axis: int) -> bool:
    windows = slabs(source, whole=axis)
    return share_of_ones(windows, axis) >= SHARE and any(_varied(window) for window in windows)


def _varied(values: NDArray[Any]) -> bool:
    finite = values[np.isfinite(values)]
    return finite.size > 0 and float(finite.max()) - float(finite.min()) > VARIED


def _reshaped(source: Source, axes: Axes) -> bool:
    """Return whether the channels of whole samples sum to 1 in the other order of axes."""
    size = prod(length or 0 for length in axes.shape[axes.has_sample_axis :])
    if size > LARGEST_SAMPLE or len(axes.shape) > len(axes.spatial) + 1 + axes.has_sample_axis:
        return False
    last = 0 if source.is_sequential else axes.samples - 1
    return all(_sums_when_reshaped(_sample(source, axes, index), axes) for index in {0, last})


def _sample(source: Source, axes: Axes, index: int) -> NDArray[Any]:
    return source.read((slice(index, index + 1),)) if axes.has_sample_axis else source.read(())


def _sums_when_reshaped(values: NDArray[Any], axes: Axes) -> bool:
    flat = np.ascontiguousarray(values).reshape(-1)
    channels = axes.channels
    pixels = flat.reshape(channels, -1).T if axes.has_channels_last else flat.reshape(-1, channels)
    some = pixels[:: max(1, len(pixels) // PIXELS)]
    return share_of_ones([some], 1) >= SHARE and _varied(some)
