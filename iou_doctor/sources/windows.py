"""Windows: the slices that name a part of an array, one for each of its leading axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Window


def complete_window(window: Window, shape: Sequence[int]) -> Window:
    """Return one slice for each axis of `shape`, with a start and a stop within the axis.

    Raises:
        ValueError: a slice has a step other than 1.
    """
    if any(part.step not in (None, 1) for part in window):
        raise ValueError("a window has step 1")
    parts = (*window, *(slice(None),) * (len(shape) - len(window)))
    bounds = [part.indices(length) for part, length in zip(parts, shape, strict=True)]
    return tuple(slice(start, max(start, stop)) for start, stop, _ in bounds)


def measure_window(window: Window) -> tuple[int, ...]:
    """Return the shape of the values in a complete window."""
    return tuple(part.stop - part.start for part in window)


def cut_window(array: NDArray[np.generic], window: Window, dtype: StoredDtype) -> StoredArray:
    """Return the values in a window of an array as `dtype`; a view if that is its dtype."""
    return np.asarray(array[complete_window(window, array.shape)]).astype(dtype, copy=False)
