"""The columns of a table of label pairs, and a cache for what is computed from them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.integer_storage import as_int64, narrow_ints
from iou_doctor.counts.sorted_rows import Counts, mark_changes

Result = TypeVar("Result")

COLUMNS = ("image", "truth", "prediction", "count")
"""The columns of the table, in the order of its sort keys."""
LONG = 2**16
"""Rows from which a table stores its columns in narrow dtypes. Below, int64 takes 2 MB."""


class PairColumns:
    """Four integer columns: image, true label, predicted label and number of pixels.

    Columns are returned as int64. A long table stores them in narrower dtypes and returns copies.
    """

    def __init__(
        self,
        image: NDArray[np.integer],
        truth: NDArray[np.integer],
        prediction: NDArray[np.integer],
        count: NDArray[np.integer],
    ) -> None:
        """Keep these columns, integers of shape (rows,) each."""
        store = narrow_ints if len(count) >= LONG else as_int64
        columns = image, truth, prediction, count
        self._columns = dict(zip(COLUMNS, map(store, columns), strict=True))
        self._cache: dict[Hashable, object] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PairColumns):
            return NotImplemented
        return all(np.array_equal(self._columns[name], other._columns[name]) for name in COLUMNS)

    __hash__ = None  # type: ignore[assignment]  # arrays cannot be hashed

    def __len__(self) -> int:
        return len(self._columns["count"])

    @property
    def image(self) -> NDArray[np.int64]:
        """The image of each row, shape (rows,), ascending."""
        return as_int64(self._columns["image"])

    @property
    def truth(self) -> NDArray[np.int64]:
        """The true label of each row, shape (rows,)."""
        return as_int64(self._columns["truth"])

    @property
    def prediction(self) -> NDArray[np.int64]:
        """The predicted label of each row, shape (rows,)."""
        return as_int64(self._columns["prediction"])

    @property
    def count(self) -> Counts:
        """The pixels of each row, shape (rows,)."""
        return as_int64(self._columns["count"])

    @property
    def image_span(self) -> tuple[int, int]:
        """The first and the last image; (0, -1) for an empty table."""
        image = self._columns["image"]
        return (int(image[0]), int(image[-1])) if len(image) else (0, -1)

    @property
    def image_starts(self) -> NDArray[np.intp]:
        """The first row of each image that occurs."""
        return np.flatnonzero(mark_changes(self._columns["image"]))

    @property
    def truth_starts(self) -> NDArray[np.intp]:
        """The first row of each run of the same image and true label."""
        new = mark_changes(self._columns["image"]) | mark_changes(self._columns["truth"])
        return np.flatnonzero(new)

    def cached(self, key: Hashable, work: Callable[[], Result]) -> Result:
        """Return the result of `work`, computed once for each key.

        Args:
            key: names the result; every `work` needs a key of its own.
            work: computes the result from this table.
        """
        if key not in self._cache:
            self._cache[key] = work()
        return cast(Result, self._cache[key])
