"""An array that can only be unpacked as a whole: on the first read, and then it is kept."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from operator import add
from threading import Lock

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Window
from iou_doctor.sources.windows import complete_window, cut_window

_MOST_COPIED_BYTES = 1 << 28
"""The maximum size of an array that is copied into C order as a whole. Of a larger one, some rows
are: windows of both sides are counted in C order, and one copy at a time takes several times less
than one for each window."""
_ROWS, _BETWEEN = 64, 16
"""The entries of the first and the last axis, and of those between, that are copied at once: what
they lie in fits into the cache of the processor."""


class WholeArray:
    """A source whose values are unpacked together.

    Args:
        path: what to call it.
        format_name: the format of the file.
        shape: the shape of the array.
        dtype: the dtype that `read` returns.
        load: returns all values, in any order and any dtype that fits.
    """

    is_sequential = False
    names = None

    def __init__(
        self,
        path: str,
        format_name: str,
        shape: tuple[int, ...],
        dtype: StoredDtype,
        load: Callable[[], StoredArray],
    ) -> None:
        self.path = path
        self.format = format_name
        self.shape: tuple[int, ...] = shape
        self.dtype = dtype
        self.chunk_shape = (1,) * len(shape)
        self._load = load
        self._values: StoredArray | None = None
        self._rows: tuple[int, StoredArray] | None = None
        self._lock = Lock()

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: the file is damaged, or has changed.
        """
        parts = complete_window(window, self.shape)
        with self._lock:
            if self._values is None:
                values = self._load()
                small = values.nbytes <= _MOST_COPIED_BYTES
                self._values = _copy_into_c_order(values) if small else values
            values, parts = self._choose_rows(self._values, parts)
        return cut_window(values, parts, self.dtype)

    def _choose_rows(self, values: StoredArray, parts: Window) -> tuple[StoredArray, Window]:
        """Return rows in C order that hold a window, and the window in them."""
        if values.flags.c_contiguous or not values.size:
            return values, parts
        number = min(_ROWS, max(1, _MOST_COPIED_BYTES * len(values) // values.nbytes))
        first = parts[0].start // number * number
        if parts[0].stop > first + number:
            return values, parts
        if self._rows is None or self._rows[0] != first:
            self._rows = None  # first, so that no two are held
            self._rows = first, _copy_into_c_order(values[first : first + number])
        within = slice(parts[0].start - first, parts[0].stop - first)
        return self._rows[1], (within, *parts[1:])


def _copy_into_c_order(values: StoredArray) -> StoredArray:
    """Return values in C order, read in small blocks: in rows it takes five times longer."""
    if values.flags.c_contiguous:
        return values
    copy = np.empty(values.shape, values.dtype)
    steps = (_ROWS, *(_BETWEEN,) * (values.ndim - 2), _ROWS)
    starts = (range(0, size, step) for size, step in zip(values.shape, steps, strict=True))
    for corner in product(*starts):
        block = tuple(map(slice, corner, map(add, corner, steps)))
        copy[block] = values[block]
    return copy
