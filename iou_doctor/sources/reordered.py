"""A source whose samples come in another order."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import Window
from iou_doctor.record import record
from iou_doctor.sources.rearranged import RearrangedSource

STREAM_ENTRIES = 64
"""Entries of a stream to gather in one pass over it, if they fit into memory."""


@record
class ReorderedSource(RearrangedSource):
    """Entries of another source's first axis, in another order."""

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape: as many entries as the order has."""
        return (len(self.order), *self.source.shape[1:])

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """One entry, or some of a stream; the other axes are as in the source."""
        return (STREAM_ENTRIES if self.is_sequential else 1, *self.source.chunk_shape[1:])

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the entries, in this order."""
        names = self.source.names
        return None if names is None else tuple(names[index] for index in self.order)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one entry."""
        return self.source.get_sample_shape(self.order[index])

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: the values cannot be read.
        """
        first = window[0] if window else slice(None)
        entries = self.order[first]
        # in ascending order, because a stream that goes back starts again
        values = {
            index: self.source.read((slice(index, index + 1), *window[1:]))
            for index in sorted(entries)
        }
        return np.concatenate([values[index] for index in entries])
