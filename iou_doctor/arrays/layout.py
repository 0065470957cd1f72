"""What the axes of the two arrays mean, and how their pixels pair up."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record


class Relation(StrEnum):
    """How the pixels of a mask relate to those of its prediction."""

    EQUAL = "equal"
    FLATTENED = "flattened"
    """One side has its spatial axes flattened into one."""
    SWAPPED = "swapped"
    """Height and width have changed places."""
    SCALED = "scaled"
    """One size is a whole-number fraction of the other."""
    MISMATCHED = "mismatched"
    """Nothing says which pixel belongs to which."""


@record
class Axes:
    """The meaning of each axis of one array, as stored."""

    shape: tuple[int | None, ...]
    """`None` where images differ in size."""
    has_sample_axis: bool
    """Whether axis 0 counts samples."""
    spatial: tuple[int, ...]
    """The spatial axes, in order; never empty."""
    channel: int | None
    """The axis with one value per class (or a size of 1), counted from 0; `None` without one."""
    is_colour: bool = False
    """Whether that axis holds red, green and blue (and alpha) instead of classes."""
    is_reshaped: bool = False
    """Whether samples were reshaped, not transposed, from class axis first to last or back."""
    softmax_axis: int | None = None
    """The axis along which scores sum to 1 where that of the classes does not; `None`: as usual."""

    @property
    def samples(self) -> int:
        """The number of samples."""
        return (self.shape[0] or 0) if self.has_sample_axis else 1

    @property
    def channels(self) -> int:
        """The length of the class axis; 1 without one."""
        return 1 if self.channel is None else (self.shape[self.channel] or 0)

    @property
    def is_dense(self) -> bool:
        """Whether there are several values for a pixel."""
        return self.channels > 1

    @property
    def is_per_class(self) -> bool:
        """Whether there is one value for each class of a pixel."""
        return self.is_dense and not self.is_colour

    @property
    def has_channels_last(self) -> bool:
        """Whether the class axis, if it matters, is the last one."""
        return not self.is_dense or self.channel == len(self.shape) - 1

    @property
    def spatial_shape(self) -> tuple[int | None, ...]:
        """The lengths of the spatial axes."""
        return tuple(self.shape[axis] for axis in self.spatial)

    @property
    def label_shape(self) -> tuple[int | None, ...]:
        """The shape without the class axis."""
        return tuple(size for axis, size in enumerate(self.shape) if axis != self.channel)

    @property
    def letters(self) -> str:
        """The layout in letters, `NHWC` for instance."""
        spatial = {1: "L", 2: "HW", 3: "DHW"}[len(self.spatial)]
        names: dict[int | None, str] = {self.channel: "C"}
        names.update(zip(self.spatial, spatial, strict=True))
        return "".join(names.get(axis, "N") for axis in range(len(self.shape)))

    def arrange(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a view of `values` as (samples, *spatial), with channels last where dense."""
        if not self.has_sample_axis:
            values = values[np.newaxis]
        if self.channel is None:
            return values
        if self.is_reshaped:
            return self._reshaped_back(values)
        axis = self.channel + (0 if self.has_sample_axis else 1)
        return np.moveaxis(values, axis, -1) if self.is_dense else np.squeeze(values, axis)

    def _reshaped_back(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return whole samples, reshaped as their values were written, with channels last."""
        samples, *sizes = values.shape
        if self.has_channels_last:
            return np.moveaxis(values.reshape(samples, self.channels, *sizes[:-1]), 1, -1)
        del sizes[(self.channel or 0) - self.has_sample_axis]
        return values.reshape(samples, *sizes, self.channels)


@record
class Assumption:
    """A guess about the arrays, and what it rests on."""

    field: str
    value: str
    why: str


@record
class Layout:
    """The axes of both arrays and how their pixels pair up."""

    y_true: Axes
    y_pred: Axes
    relation: Relation
    mismatched: tuple[int, ...] = ()
    """Samples whose spatial sizes do not fit, where images differ in size; they are left out."""
    assumed: tuple[Assumption, ...] = ()

    @property
    def samples(self) -> int:
        """The number of samples that both arrays have."""
        return min(self.y_true.samples, self.y_pred.samples)
