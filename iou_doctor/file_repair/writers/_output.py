"""One array on its way to a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record


@record
class Output:
    """An array that comes in batches along its first axis."""

    batches: Iterable[NDArray[Any]]
    shape: tuple[int | None, ...]
    """Of the whole; `None` on an axis whose length differs between images."""
    dtype: np.dtype[Any]
    name: str | None = None
    """The name inside the file, where a file holds arrays by name."""
    stems: tuple[str, ...] = ()
    """For a folder of images, the name of each file without its suffix; else empty."""

    def converted(self) -> Iterator[NDArray[Any]]:
        """Yield the batches in C order, in the dtype that was promised.

        Raises:
            TypeError: a batch has values that this dtype cannot hold.
        """
        for batch in self.batches:
            yield np.ascontiguousarray(batch.astype(self.dtype, casting="safe", copy=False))
