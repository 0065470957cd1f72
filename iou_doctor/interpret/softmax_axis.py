"""Explains probabilities that do not sum to 1 along the class axis.

Either the softmax ran over another axis, or the class axis was moved with a reshape instead of a
transpose. In both cases some other way of reading the values gives sums of 1.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.interpretation import MOST_CLASSES
from iou_doctor.arrays.layout import Assumption, Axes, Layout, Relation
from iou_doctor.arrays.source import Source
from iou_doctor.interpret.peek import (
    LEAST_SHARE_OF_ONES,
    Peek,
    measure_share_of_ones,
    read_windows,
)

LONGEST_BATCH = 128
"""The longest axis of samples to sum over.

A softmax over samples runs over one training batch. Longer axes would mean reading whole files.
"""
LEAST_SPREAD = 0.05
"""Values must spread this far: constant ones sum to 1 along any axis of the right length."""
LARGEST_SAMPLE = 2**26
"""Values of the largest sample that is read whole, to try another order: 256 MB of float32."""
PIXELS_OF_SAMPLE = 2**14
"""Pixels of that sample whose channels are summed."""
PIXELS_AT_FIRST = 2**8
"""Pixels whose channels are summed first, to rule out most numbers of images."""


def explain_sums(source: Source, peek: Peek, layout: Layout) -> Layout:
    """Return the layout with the explanation of sums along the class axis that are not 1.

    Args:
        source: the predictions.
        peek: what a few windows of them show.
        layout: what the axes of both arrays mean.
    """
    axes = layout.y_pred
    suspicious = peek.floating and peek.in_unit and not peek.binary and axes.is_dense
    if not suspicious or axes.channel in peek.sums_to_one or None in axes.shape:
        return layout
    if layout.relation not in {Relation.EQUAL, Relation.FLATTENED}:
        return layout
    softmax_axis = _find_softmax_axis(source, axes, layout.y_true)
    if softmax_axis is not None:
        return replace(layout, y_pred=replace(axes, softmax_axis=softmax_axis))
    images = _find_images_reshaped(source, layout)
    if images is None:
        return layout
    note = Assumption(
        "predictions.order",
        name_written_order(axes, images),
        "only when reshaped back do the channels sum to 1",
    )
    y_pred = replace(axes, is_reshaped=True, images=images)
    return replace(layout, y_pred=y_pred, assumed=(*layout.assumed, note))


def name_written_order(axes: Axes, images: int = 1) -> str:
    """Return the letters of a reshaped sample's axes in the order in which they were written."""
    if images > 1:
        return "NCL"
    spatial = {1: "L", 2: "HW", 3: "DHW"}[len(axes.spatial)]
    return f"C{spatial}" if axes.has_channels_last else f"{spatial}C"


def _find_softmax_axis(source: Source, axes: Axes, y_true: Axes) -> int | None:
    """Return the only axis along which scores sum to 1, if it is not the class axis."""
    found = [
        axis
        for axis, length in enumerate(axes.shape)
        if axis != axes.channel
        and _is_short_enough(source, axis, length)
        and _sums_to_one(source, axis)
    ]
    if len(found) != 1:
        return None
    rest = tuple(size for axis, size in enumerate(axes.shape) if axis != found[0])
    counts_samples = axes.has_sample_axis and found[0] == 0
    return None if rest == y_true.label_shape and not counts_samples else found[0]


def _is_short_enough(source: Source, axis: int, length: int | None) -> bool:
    if axis == 0 and source.is_sequential:
        return False
    return 2 <= (length or 0) <= (LONGEST_BATCH if axis == 0 else MOST_CLASSES)


def _sums_to_one(source: Source, axis: int) -> bool:
    windows = read_windows(source, whole_axis=axis)
    share = measure_share_of_ones(windows, axis)
    return share >= LEAST_SHARE_OF_ONES and any(_is_varied(window) for window in windows)


def _is_varied(values: StoredArray) -> bool:
    finite = values[np.isfinite(values)]
    return finite.size > 0 and float(finite.max()) - float(finite.min()) > LEAST_SPREAD


def _find_images_reshaped(source: Source, layout: Layout) -> int | None:
    """Return how many images a sample holds if its channels sum to 1 in the other axis order."""
    axes = layout.y_pred
    size = prod(length or 0 for length in axes.shape[axes.has_sample_axis :])
    other_axes = len(axes.shape) - len(axes.spatial) - axes.has_sample_axis - 1
    if size > LARGEST_SAMPLE or other_axes > 0:
        return None
    from iou_doctor.interpret.flat_images import list_image_counts

    last = 0 if source.is_sequential else axes.samples - 1
    samples = [read_sample(source, axes, index) for index in sorted({0, last})]
    possible = list_image_counts(layout)
    for pixels in (PIXELS_AT_FIRST, PIXELS_OF_SAMPLE):
        possible = [
            images
            for images in possible
            if all(_sums_to_one_reshaped(sample, axes, images, pixels) for sample in samples)
        ]
    return possible[0] if possible else None


def read_sample(source: Source, axes: Axes, index: int) -> StoredArray:
    """Return one whole sample, with its axis if the array has one."""
    return source.read((slice(index, index + 1),) if axes.has_sample_axis else ())


def _sums_to_one_reshaped(values: StoredArray, axes: Axes, images: int, most: int) -> bool:
    """Return whether the channels of at least `most` pixels sum to 1 if read as written."""
    from iou_doctor.interpret.flat_images import pick_scores

    pixels = values.size // axes.channels
    some = pick_scores(values, axes, images, np.arange(0, pixels, max(1, pixels // most)))
    return measure_share_of_ones([some], 1) >= LEAST_SHARE_OF_ONES and _is_varied(some)
