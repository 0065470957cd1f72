"""The table of label pairs that every score is made of, and every check of labels reads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.integer_storage import as_int64, narrow_ints
from iou_doctor.counts.sorted_rows import (
    Counts,
    find_span,
    is_ascending,
    mark_changes,
    sum_by_label,
    sum_duplicates,
)
from iou_doctor.errors import InterpretationError

Result = TypeVar("Result")

COLUMNS = ("image", "truth", "prediction", "count")
LONG = 2**16
"""Rows from which on a table stores its columns in few bytes: below, they are 2 MB."""
BLOCK = 2**16
"""Rows that are worked on together."""
TABLE_LIMIT = 4_000_000
"""Rows of a table of pairs (32 to 128 MB). Label maps stay far below, noise read as labels does
not."""
ROWS_OF_AN_IMAGE = 256
"""A hundred thousand small images may fill a larger table, each with some pairs of its own."""
POOLED = "pooled"
"""What a table knows itself under, once it is pooled."""


class PairCounts:
    """A sparse table: how often (truth, prediction) occurs in each image. S1 and S2.

    Rows stand in ascending order of their images. Whoever reads a column gets int64; a long table
    stores it in fewer bytes and gives a copy, so that work on many images goes by `blocks`.
    """

    def __init__(
        self,
        image: NDArray[Any],
        truth: NDArray[Any],
        prediction: NDArray[Any],
        count: NDArray[Any],
    ) -> None:
        """Keep these columns, whole numbers of shape (rows,) each."""
        store = narrow_ints if len(count) >= LONG else as_int64
        columns = image, truth, prediction, count
        self._columns = dict(zip(COLUMNS, map(store, columns), strict=True))
        self._known: dict[Hashable, Any] = {}

    @classmethod
    def from_rows(
        cls,
        *,
        image: NDArray[np.int64],
        truth: NDArray[np.int64],
        prediction: NDArray[np.int64],
        count: Counts,
    ) -> PairCounts:
        """Return the table of these rows (each shape (n,)): sorted, equal keys added up.

        Raises:
            InterpretationError: there are more distinct rows than label maps can have.
        """
        keys = image, truth, prediction
        if not is_ascending(keys):
            keys, count = sum_duplicates(keys, count)
        _check_size(keys[0], len(count))
        return cls(*keys, count)

    @classmethod
    def merge(cls, tables: Iterable[PairCounts]) -> PairCounts:
        """Return the sum of tables, each with its rows in ascending order."""
        parts = [table for table in tables if len(table)]
        if not parts:
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, nothing, nothing)
        if len(parts) == 1:
            return parts[0]
        columns = {name: _end_to_end(parts, name) for name in COLUMNS}
        if all(part.image_span[1] < after.image_span[0] for part, after in pairwise(parts)):
            _check_size(columns["image"], len(columns["count"]))
            whole = cls(**columns)
        else:
            whole = cls.from_rows(**{name: as_int64(column) for name, column in columns.items()})
        if all(POOLED in part._known for part in parts):
            whole.cached(POOLED, lambda: cls.merge(part.pool() for part in parts))
        return whole

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts.merge([self, other])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PairCounts):
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
        """The first and the last image; (0, -1) of an empty table."""
        image = self._columns["image"]
        return (int(image[0]), int(image[-1])) if len(image) else (0, -1)

    def replace(self, **columns: NDArray[np.int64]) -> PairCounts:
        """Return the table with some columns in place of its own; rows stay as they are."""
        return PairCounts(**{**self._columns, **columns})

    def take_rows(self, some: slice | NDArray[np.bool_]) -> PairCounts:
        """Return some rows, by a slice or by a flag for each."""
        return PairCounts(**{name: column[some] for name, column in self._columns.items()})

    def iterate_blocks(self) -> Iterator[PairCounts]:
        """Yield all rows, some whole images at a time: the columns of a block stay in the cache."""
        if len(self) <= BLOCK:
            yield self
            return
        image, start = self._columns["image"], 0
        while start < len(image):
            end = min(start + BLOCK, len(image))
            if end < len(image):
                end = int(np.searchsorted(image, image[end], side="left"))
            if end <= start:  # one image has more rows than a block
                end = int(np.searchsorted(image, image[start], side="right"))
            yield self.take_rows(slice(start, end))
            start = end

    def select_images(self, first: int, last: int) -> PairCounts:
        """Return the rows of the images from `first` to before `last`."""
        start, end = np.searchsorted(self._columns["image"], [first, last])
        return self.take_rows(slice(int(start), int(end)))

    @cached_property
    def total(self) -> int:
        """The number of pixels counted."""
        return int(self._few._columns["count"].sum(dtype=np.int64))

    def pool(self) -> PairCounts:
        """Return the table of all images together, booked under image 0."""
        # each hypothesis on ids asks for it, and the table of all images may have a million rows
        return self.cached(POOLED, self._pooled)

    @property
    def _few(self) -> PairCounts:
        """The table of all images together where it is known, else this one."""
        return self.pool() if POOLED in self._known else self

    def _pooled(self) -> PairCounts:
        if not len(self):
            return self
        if len(self) > BLOCK and self.image_span[0] < self.image_span[1]:
            return PairCounts.merge(block._pooled() for block in self.iterate_blocks())
        keys, count = sum_duplicates(
            (np.zeros_like(self.image), self.truth, self.prediction), self.count
        )
        return PairCounts(*keys, count)

    def cached(self, key: Hashable, work: Callable[[], Result]) -> Result:
        """Return what `work` makes of this table; under the same key it is done only once."""
        if key not in self._known:
            self._known[key] = work()
        known: Result = self._known[key]
        return known

    @property
    def image_starts(self) -> NDArray[np.intp]:
        """The first row of each image that occurs."""
        return np.flatnonzero(mark_changes(self._columns["image"]))

    @property
    def truth_starts(self) -> NDArray[np.intp]:
        """The first row of each true label of each image; of a table that is not sorted, more."""
        new = mark_changes(self._columns["image"]) | mark_changes(self._columns["truth"])
        return np.flatnonzero(new)

    @cached_property
    def truth_span(self) -> tuple[int, int]:
        """The smallest and the largest true label; (0, -1) of an empty table."""
        return find_span(self._few._columns["truth"])

    @cached_property
    def prediction_span(self) -> tuple[int, int]:
        """The smallest and the largest predicted label; (0, -1) of an empty table."""
        return find_span(self._few._columns["prediction"])

    def keep_rows(self, keep: NDArray[np.bool_]) -> PairCounts:
        """Return the rows where `keep`, shape (rows,), is true."""
        return self if keep.all() else self.take_rows(keep)

    def drop_truth(self, truth: int) -> PairCounts:
        """Return the rows of other true labels than one."""
        low, high = self.truth_span
        if not low <= truth <= high:
            return self
        return self.cached(
            ("without", truth), lambda: self.keep_rows(self._columns["truth"] != truth)
        )

    def drop_out_of_range(self, classes: int) -> PairCounts:
        """Return the rows whose true label is 0 to `classes` - 1."""
        low, high = self.truth_span
        if low >= 0 and high < classes:
            return self
        labels = self._columns["truth"]
        return self.keep_rows((labels >= 0) & (labels < classes))

    def relabel(
        self,
        *,
        truth: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
        prediction: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
    ) -> PairCounts:
        """Return the table after mapping the values of one side or both: exact, no second pass."""
        return PairCounts.merge(
            PairCounts.from_rows(
                image=block.image,
                truth=block.truth if truth is None else truth(block.truth),
                prediction=block.prediction if prediction is None else prediction(block.prediction),
                count=block.count,
            )
            for block in self.iterate_blocks()
        )

    def swap_sides(self) -> PairCounts:
        """Return the table with truth and prediction in each other's place."""
        return PairCounts.merge(
            PairCounts.from_rows(
                image=block.image,
                truth=block.prediction,
                prediction=block.truth,
                count=block.count,
            )
            for block in self.iterate_blocks()
        )

    def group_into_batches(self, size: int) -> PairCounts:
        """Return the rows with the batch of so many images in place of each image.

        Equal rows may occur: `relabel` adds them up.
        """
        batches = self.replace(image=self.image // size)
        if POOLED in self._known:
            batches.cached(POOLED, self.pool)
        return batches

    def count_truths(self) -> dict[int, int]:
        """Return how many pixels each truth value has, in ascending order of value."""
        return dict(self._truth_counts)

    def count_predictions(self) -> dict[int, int]:
        """Return how many pixels each predicted value has, in ascending order of value."""
        return dict(self._prediction_counts)

    @cached_property
    def _truth_counts(self) -> dict[int, int]:
        return sum_by_label(self.pool().truth, self.pool().count)

    @cached_property
    def _prediction_counts(self) -> dict[int, int]:
        return sum_by_label(self.pool().prediction, self.pool().count)


def _end_to_end(parts: list[PairCounts], name: str) -> NDArray[Any]:
    """Return a column of tables one after the other, in few bytes where any stores it so."""
    runs = groupby((part._columns[name] for part in parts), key=lambda column: column.dtype)
    joined = [np.concatenate(list(run)) for _, run in runs]
    return (
        joined[0]
        if len(joined) == 1
        else np.concatenate([narrow_ints(column) for column in joined])
    )


def _check_size(image: NDArray[Any], rows: int) -> None:
    if rows > TABLE_LIMIT and rows > ROWS_OF_AN_IMAGE * (int(image.max()) + 1):
        raise InterpretationError(
            f"the arrays hold more than {TABLE_LIMIT:,} different pairs of values: at least one"
            " of them is no label map; name its encoding with --predictions-as or --masks-as"
        )
