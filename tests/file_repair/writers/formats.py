"""Writes arrays as a test needs them, and reads them back through the sources."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.file_repair.writers import Output, write
from iou_doctor.sources.opening import open_source

Array = NDArray[Any]


def output(array: Array, *, name: str | None = None, batch: int = 2, **more: Any) -> Output:
    """Return an array as an output in batches."""
    batches = (array[start : start + batch] for start in range(0, len(array), batch))
    return Output(batches, array.shape, array.dtype, name, **more)


def written(path: Path, format_: str, *outputs: Output) -> None:
    write(path, outputs, format=format_, shown=path.name)


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
