"""An array that can only be unpacked as a whole: on the first read, and then it is kept."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Window
from iou_doctor.sources.windows import cut_window

_MOST_COPIED_BYTES = 1 << 28
"""The maximum size of an array that is copied into C order, in which windows are faster to read."""


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
        self._lock = Lock()

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: the file is damaged, or has changed.
        """
        with self._lock:
            if self._values is None:
                values = self._load()
                small = values.nbytes <= _MOST_COPIED_BYTES
                self._values = np.ascontiguousarray(values) if small else values
        return cut_window(self._values, window, self.dtype)
