"""Writes arrays as a test needs them, and reads them back through the sources."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.file_repair.writers import write_arrays
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.sources.opening import open_source

Array = NDArray[Any]


def in_batches(
    array: Array, *, name: str | None = None, batch: int = 2, **more: Any
) -> OutputArray:
    """Return an array that is written in batches."""
    batches = (array[start : start + batch] for start in range(0, len(array), batch))
    return OutputArray(batches, array.shape, array.dtype, name, **more)


def write_array(path: Path, format_name: str, *arrays: OutputArray) -> None:
    write_arrays(path, arrays, format_name=format_name, shown=path.name)


def read(place: str | Path) -> Array:
    """Return the whole array at a place."""
    source = open_source(str(place))
    values = np.array(source.read(()))
    if hasattr(source, "close"):
        source.close()
    return values


def after_one(array: Array, error: BaseException) -> Iterable[Array]:
    """Yield one sample, then raise."""
    yield array[:1]
    raise error
