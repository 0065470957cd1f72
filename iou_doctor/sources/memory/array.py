"""An array in memory as a source."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import Window
from iou_doctor.sources.array_checks import check_dtype, check_shape, get_native_dtype
from iou_doctor.sources.windows import cut_window


class ArraySource:
    """A NumPy array as a source.

    Args:
        array: the array, with the samples along its first axis.
        label: what to call it, in place of a path.

    Raises:
        SourceError: the array has no numbers, no axes or no values.
    """

    format = "array"
    is_sequential = False
    names = None

    def __init__(self, array: NDArray[np.generic], label: str) -> None:
        check_dtype(label, array.dtype)
        check_shape(label, array.shape)
        self._array = array
        self.path = label
        self.dtype = get_native_dtype(array.dtype)
        self.shape: tuple[int, ...] = array.shape
        self.chunk_shape = (1,) * array.ndim

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`, as a view if the byte order allows it."""
        return cut_window(np.asarray(self._array), window, self.dtype)
