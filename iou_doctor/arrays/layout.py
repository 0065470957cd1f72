"""What the axes of the two arrays mean, and how their pixels pair up."""

from __future__ import annotations

from enum import StrEnum
from itertools import permutations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record

COLOUR_CHANNELS = (3, 4)
"""The lengths of an axis of colours: red, green and blue, with or without alpha."""


class Relation(StrEnum):
    """How the shape of a mask relates to that of its prediction."""

    EQUAL = "equal"
    """Both have the same spatial sizes."""
    FLATTENED = "flattened"
    """One of the two has its spatial axes flattened into one."""
    SWAPPED = "swapped"
    """The height of one is the width of the other."""
    PERMUTED = "permuted"
    """The three sizes of one are those of the other in another order."""
    SCALED = "scaled"
    """The sizes of one are a whole multiple of those of the other."""
    MISMATCHED = "mismatched"
    """The shapes do not show which pixels belong together."""


def find_axis_order(
    true: tuple[int | None, ...], pred: tuple[int | None, ...]
) -> tuple[int, ...] | None:
    """Return how to transpose a volume to the shape of another one; `None` if no order does.

    An order that exchanges two axes is preferred to one that moves all three.

    Args:
        true: the three sizes to reach.
        pred: the three sizes of the volume to transpose, as in `numpy.transpose`.
    """
    if len(true) != 3 or len(pred) != 3 or None in true or true == pred:
        return None
    orders = sorted(permutations(range(3)), key=lambda order: sum(map(int.__eq__, order, range(3))))
    fitting = [order for order in reversed(orders) if tuple(pred[axis] for axis in order) == true]
    return fitting[0] if fitting else None


@record
class Axes:
    """What each axis of one array, as stored, means."""

    shape: tuple[int | None, ...]
    """`None` for an axis along which images differ in size."""
    has_sample_axis: bool
    """Whether axis 0 counts samples."""
    spatial: tuple[int, ...]
    """The indices of the spatial axes, in order; there is at least one."""
    channel: int | None
    """The index of the axis of classes or colours, or of one of length 1; `None` without one."""
    is_colour: bool = False
    """Whether the channels are red, green and blue (and alpha) instead of classes."""
    is_unit_colour: bool = False
    """Whether the colours are stored as fractions of 255, as floats from 0 to 1."""
    is_reshaped: bool = False
    """Whether the class axis was moved with a reshape instead of a transpose.

    The shape is then the expected one, but the values of a sample are in the order of the other
    layout (classes first or last).
    """
    images: int = 1
    """How many images a reshaped sample holds, one after the other: 1 unless all are flattened."""
    softmax_axis: int | None = None
    """The axis along which scores sum to 1, if that is not the class axis; else `None`."""

    @property
    def samples(self) -> int:
        """The number of samples; 1 without a sample axis."""
        return (self.shape[0] or 0) if self.has_sample_axis else 1

    @property
    def channels(self) -> int:
        """The length of the channel axis; 1 without one."""
        return 1 if self.channel is None else (self.shape[self.channel] or 0)

    @property
    def is_dense(self) -> bool:
        """Whether each pixel has several values."""
        return self.channels > 1

    @property
    def is_per_class(self) -> bool:
        """Whether each pixel has one value for each class."""
        return self.is_dense and not self.is_colour

    @property
    def has_channels_last(self) -> bool:
        """Whether the channel axis is the last one; also true if each pixel has a single value."""
        return not self.is_dense or self.channel == len(self.shape) - 1

    @property
    def spatial_shape(self) -> tuple[int | None, ...]:
        """The lengths of the spatial axes."""
        return tuple(self.shape[axis] for axis in self.spatial)

    @property
    def label_shape(self) -> tuple[int | None, ...]:
        """The shape without the channel axis."""
        return tuple(size for axis, size in enumerate(self.shape) if axis != self.channel)

    @property
    def letters(self) -> str:
        """The layout in letters, for instance `NHWC`."""
        spatial = {1: "L", 2: "HW", 3: "DHW"}[len(self.spatial)]
        names: dict[int | None, str] = {self.channel: "C"}
        names.update(zip(self.spatial, spatial, strict=True))
        return "".join(names.get(axis, "N") for axis in range(len(self.shape)))

    def arrange(self, values: StoredArray) -> StoredArray:
        """Return `values` as (samples, *spatial), or (samples, *spatial, channels) where dense.

        The result is a view unless samples are reshaped.

        Args:
            values: some samples of the array, with its axes; without a sample axis, the sample.
        """
        if not self.has_sample_axis:
            values = values[np.newaxis]
        if self.channel is None:
            return values
        if self.is_reshaped:
            return self._reshape_back(values)
        axis = self.channel + (0 if self.has_sample_axis else 1)
        return np.moveaxis(values, axis, -1) if self.is_dense else np.squeeze(values, axis)

    def _reshape_back(self, values: StoredArray) -> StoredArray:
        """Return whole samples in the layout in which they were written, with channels last."""
        samples, *sizes = values.shape
        if self.images > 1:
            written = values.reshape(self.images, self.channels, -1)
            return np.moveaxis(written, 1, -1).reshape(samples, -1, self.channels)
        if self.has_channels_last:
            return np.moveaxis(values.reshape(samples, self.channels, *sizes[:-1]), 1, -1)
        del sizes[(self.channel or 0) - self.has_sample_axis]
        return values.reshape(samples, *sizes, self.channels)


@record
class Assumption:
    """Something that was inferred about the arrays because the user did not specify it."""

    field: str
    """What was inferred, for instance `masks.class_axis`."""
    value: str
    why: str


@record
class Layout:
    """The axes of both arrays, and how their pixels pair up."""

    y_true: Axes
    y_pred: Axes
    relation: Relation
    has_channel_logits: bool = False
    """Whether the metric takes each channel of the predictions on its own, and they are logits."""
    has_declared_channels: bool = False
    """Whether the windows that were read show as many masks of two values as there are classes."""
    mismatched: tuple[int, ...] = ()
    """The samples whose mask and prediction differ in size; they are skipped."""
    assumed: tuple[Assumption, ...] = ()
    order_of_each: tuple[int, ...] | None = None
    """How to transpose each predicted volume if volumes differ in size, and that is needed."""

    @property
    def samples(self) -> int:
        """The number of samples that can be compared: that of the shorter array."""
        return min(self.y_true.samples, self.y_pred.samples)

    @property
    def axis_order(self) -> tuple[int, ...] | None:
        """How to transpose predicted volumes to the shape of the masks, if that is needed."""
        if self.relation is not Relation.PERMUTED:
            return None
        if self.order_of_each is not None:
            return self.order_of_each
        return find_axis_order(self.y_true.spatial_shape, self.y_pred.spatial_shape)
