"""A source whose axes stand in another order, such as a stack of slices cut along another axis."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import Window
from iou_doctor.record import record
from iou_doctor.sources.rearranged import RearrangedSource


@record
class TransposedSource(RearrangedSource):
    """Another source, whose images have equal sizes, with its axes in another order."""

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
