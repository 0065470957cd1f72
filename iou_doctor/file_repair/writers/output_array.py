"""An array on its way to a file, in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.record import record


@record
class OutputArray:
    """An array that is computed in batches along its first axis while it is written."""

    batches: Iterable[StoredArray]
    shape: tuple[int | None, ...]
    """The shape of the whole array; `None` on an axis whose length differs between images."""
    dtype: StoredDtype
    name: str | None = None
    """The name inside the file, for formats that hold arrays by name."""
    stems: tuple[str, ...] = ()
    """The file names without suffix, one for each image of a folder; otherwise empty."""
    templates: tuple[str, ...] = ()
    """For each file of the copy, the one whose header, tags or attributes it gets; may be empty."""
    keeps_values: bool = False
    """Whether values are only moved, so that what the template says of them is still true."""

    def convert_batches(self) -> Iterator[StoredArray]:
        """Yield the batches in C order and in the promised dtype.

        Raises:
            TypeError: a batch has a dtype that does not fit into the promised one.
        """
        for batch in self.batches:
            yield np.ascontiguousarray(batch.astype(self.dtype, casting="safe", copy=False))
