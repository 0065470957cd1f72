"""A source whose samples come in another order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.source import Source
from iou_doctor.record import record

AT_ONCE = 64
"""Entries of a stream that are gathered in one walk over it, where they fit into memory."""


@record
class ReorderedSource:
    """Entries of another source's first axis, in another order."""

    source: Source
    order: tuple[int, ...]
    """For each place, the entry of `source` that comes there."""

    @property
    def path(self) -> str:
        """The path of the source."""
        return self.source.path

    @property
    def format(self) -> str:
        """The format of the source."""
        return self.source.format

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the source."""
        return self.source.dtype

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape: as many entries as there are in the order."""
        return (len(self.order), *self.source.shape[1:])

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """Entries are read one by one, of a stream some at a time; other axes as in the source."""
        return (AT_ONCE if self.is_sequential else 1, *self.source.chunk_shape[1:])

    @property
    def is_sequential(self) -> bool:
        """Whether the source is a stream."""
        return self.source.is_sequential

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the entries, in this order."""
        names = self.source.names
        return None if names is None else tuple(names[index] for index in self.order)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one entry."""
        return self.source.get_sample_shape(self.order[index])

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`, gathered entry by entry."""
        first = window[0] if window else slice(None)
        entries = self.order[first]
        # a stream that goes back starts anew: forward once for the whole window
        values = {
            index: self.source.read((slice(index, index + 1), *window[1:]))
            for index in sorted(entries)
        }
        return np.concatenate([values[index] for index in entries])
