"""A source whose axes stand in another order, such as a stack of slices cut along another axis."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Source, Window
from iou_doctor.record import record


@record
class TransposedSource:
    """Another source, whose images have equal sizes, with its axes in another order."""

    source: Source
    order: tuple[int, ...]
    """For each axis, the axis of `source` that comes there."""

    @property
    def path(self) -> str:
        """The path of the source."""
        return self.source.path

    @property
    def format(self) -> str:
        """The format of the source."""
        return self.source.format

    @property
    def dtype(self) -> StoredDtype:
        """The dtype of the source."""
        return self.source.dtype

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The sizes of the source in the new order."""
        return tuple(self.source.shape[axis] for axis in self.order)

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """The chunks of the source in the new order; all of a stream, which cannot go back."""
        if self.is_sequential:
            return tuple(size or 1 for size in self.shape)
        return tuple(self.source.chunk_shape[axis] for axis in self.order)

    @property
    def is_sequential(self) -> bool:
        """Whether the source is a stream."""
        return self.source.is_sequential

    @property
    def names(self) -> None:
        """No names: those of the source belong to another axis."""

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis."""
        return tuple(size or 0 for size in self.shape[1:])

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: the values cannot be read.
        """
        parts = [slice(None)] * len(self.order)
        for axis, part in zip(self.order, window, strict=False):
            parts[axis] = part
        return np.transpose(self.source.read(tuple(parts)), self.order)
