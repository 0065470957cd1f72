"""The axes that a repaired copy is stored with."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import Axes
from iou_doctor.record import record


@record
class StoredAxes:
    """Where a copy stores the axes other than the spatial ones.

    They stay where the input has them, unless a repair changes that.
    """

    spatial: int
    """The number of spatial axes."""
    sample: bool
    """Whether axis 0 counts samples."""
    class_axis: int
    """The index of the class axis of dense values in an array with a sample axis; -1: last."""
    single_axis: int | None
    """Likewise the index of an axis of length 1 beside labels; `None`: there is no such axis."""

    def restore(self, values: StoredArray) -> StoredArray:
        """Return values of shape (n, *spatial[, C]) with their axes in the order of the file."""
        if values.ndim > self.spatial + 1:
            values = np.moveaxis(values, -1, self.class_axis)
        elif self.single_axis is not None:
            values = np.expand_dims(values, self.single_axis)
        return values if self.sample else values[0]

    def letters(self, *, dense: bool) -> str:
        """Return the layout in the letters of `--layout`, for instance `NHWC`."""
        axes = ["N", *{1: "L", 2: "HW", 3: "DHW"}[self.spatial]]
        axis = self.class_axis if dense else self.single_axis
        if axis is not None:
            axes.insert(len(axes) if axis == -1 else axis, "C")
        return "".join(axes if self.sample else axes[1:])


def choose_stored_axes(
    axes: Axes,
    other: Axes,
    *,
    arranged: bool,
    other_arranged: bool,
    images: bool,
    class_axis: int = -1,
) -> StoredAxes:
    """Return the axes with which to store a repaired array.

    Args:
        axes: the axes of the input.
        other: the axes of the other array of the pair.
        arranged: whether a repair puts the axes in the usual order and drops those of length 1.
        other_arranged: the same for the other array.
        images: whether the copy is an image or a folder of images.
        class_axis: where to store a class axis that is new or moves.
    """
    other_single = other.channel is not None and not other.is_dense and not other_arranged
    if axes.is_dense and other_single:
        # labels get the axis of length 1 that the other array has, so that the two do not broadcast
        single = _find_class_axis(other) if len(other.spatial) == len(axes.spatial) else -1
    elif axes.channel is not None and not axes.is_dense and not arranged:
        single = _find_class_axis(axes)
    else:
        single = None
    if images and single == -1:
        single = None
    superfluous = arranged and axes.samples == 1 and not other.has_sample_axis
    return StoredAxes(
        spatial=len(axes.spatial),
        sample=axes.has_sample_axis and (images or not superfluous),
        class_axis=_find_class_axis(axes) if axes.is_dense and not arranged else class_axis,
        single_axis=single,
    )


def _find_class_axis(axes: Axes) -> int:
    """Return the index of the class axis as if there were a sample axis; -1 if it is the last."""
    channel = axes.channel or 0
    index = channel + (0 if axes.has_sample_axis else 1)
    return -1 if channel == len(axes.shape) - 1 else index
