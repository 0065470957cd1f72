"""The axes that a mended array is stored with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Axes
from iou_doctor.record import record


@record
class StoredAxes:
    """What becomes of the axes beside space; those are as they were unless a repair asks."""

    spatial: int
    """The number of spatial axes."""
    sample: bool
    """Whether there is a sample axis in front."""
    class_axis: int
    """Where the class axis of dense values goes, counted from a sample axis at 0; -1: last."""
    single_axis: int | None
    """Where an axis of size 1 goes beside a label for each pixel, likewise; `None`: nowhere."""

    def restore(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of shape (n, *spatial[, C]) with their axes as they are to be stored."""
        if values.ndim > self.spatial + 1:
            values = np.moveaxis(values, -1, self.class_axis)
        elif self.single_axis is not None:
            values = np.expand_dims(values, self.single_axis)
        return values if self.sample else values[0]

    def letters(self, *, dense: bool) -> str:
        """Return the layout in letters, `NHWC` for instance."""
        axes = ["N", *{1: "L", 2: "HW", 3: "DHW"}[self.spatial]]
        place = self.class_axis if dense else self.single_axis
        if place is not None:
            axes.insert(len(axes) if place == -1 else place, "C")
        return "".join(axes if self.sample else axes[1:])


def form_of(
    axes: Axes,
    other: Axes,
    *,
    arranged: bool,
    other_arranged: bool,
    images: bool,
    class_axis: int = -1,
) -> StoredAxes:
    """Return the form in which to store an array that was mended.

    Args:
        axes: of the array as it was stored.
        other: of its partner.
        arranged: whether it is to have its axes in the usual order, and none of size 1.
        other_arranged: the same for the partner.
        images: whether it goes to a folder of images, or to a single one.
        class_axis: where a class axis goes that is new or does not stay.
    """
    partner_single = other.channel is not None and not other.is_dense and not other_arranged
    if axes.is_dense and partner_single:
        # labels of the shape that the partner has, so that the two do not broadcast
        single = _place(other) if len(other.spatial) == len(axes.spatial) else -1
    elif axes.channel is not None and not axes.is_dense and not arranged:
        single = _place(axes)
    else:
        single = None
    if images and single == -1:
        single = None
    superfluous = arranged and axes.samples == 1 and not other.has_sample_axis
    return StoredAxes(
        spatial=len(axes.spatial),
        sample=axes.has_sample_axis and (images or not superfluous),
        class_axis=_place(axes) if axes.is_dense and not arranged else class_axis,
        single_axis=single,
    )


def _place(axes: Axes) -> int:
    """Return where the class axis is, counted from a sample axis at 0."""
    channel = axes.channel or 0
    place = channel + (0 if axes.has_sample_axis else 1)
    return -1 if channel == len(axes.shape) - 1 else place
