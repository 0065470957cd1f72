"""An array that is in memory already."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.sources.numbers import check_dtype, check_shape, native, part_of


class ArraySource:
    """A numpy array as a source; `label` stands where a file has its path.

    Raises:
        SourceError: the array has no numbers, no axes or no values.
    """

    format = "array"
    is_sequential = False
    names = None

    def __init__(self, array: NDArray[Any], label: str) -> None:
        check_dtype(label, array.dtype)
        check_shape(label, array.shape)
        self._array = array
        self.path = label
        self.dtype = native(array.dtype)
        self.shape: tuple[int, ...] = array.shape
        self.chunk_shape = (1,) * array.ndim

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`."""
        return part_of(np.asarray(self._array), window, self.dtype)
