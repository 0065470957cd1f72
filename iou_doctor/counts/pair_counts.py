"""The table of label pairs: how often a true and a predicted label occur in the same pixel.

Every score is computed from it, and every check of labels reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.integer_storage import as_int64, join_columns
from iou_doctor.counts.pair_columns import COLUMNS, LONG, PairColumns
from iou_doctor.counts.sorted_rows import (
    Counts,
    find_span,
    is_ascending,
    sum_by_label,
    sum_duplicates,
)
from iou_doctor.errors import ReadingError

BLOCK = 2**16
"""Rows that are processed together, so that their columns stay in the cache."""
TABLE_LIMIT = 4_000_000
"""The maximum number of rows of a table (32 to 128 MB). Label maps need far fewer; noise read as
labels needs more.
"""
ROWS_PER_IMAGE = 1024
"""Rows for each image up to which a table may exceed `TABLE_LIMIT`: many images do. Label maps of
21 classes have at most 441 pairs an image, and noise read as labels has tens of thousands."""
POOLED = "pooled"
"""The key under which a table caches the table of all its images together."""


class PairCounts(PairColumns):
    """A sparse table of how often each pair (truth, prediction) occurs in each image.

    Rows are in ascending order of their images. Columns are returned as int64. A long table
    stores them in narrower dtypes and returns a copy, so use `iterate_blocks` for long tables.
    """

    @classmethod
    def from_rows(
        cls,
        *,
        image: NDArray[np.int64],
        truth: NDArray[np.int64],
        prediction: NDArray[np.int64],
        count: Counts,
    ) -> PairCounts:
        """Return the table of these rows, shape (n,) each: sorted, with equal rows added up.

        Raises:
            ReadingError: there are more distinct rows than label maps can produce.
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
        narrow = sum(map(len, parts)) >= LONG
        columns = {
            name: join_columns([part._columns[name] for part in parts], narrow=narrow)
            for name in COLUMNS
        }
        if all(part.image_span[1] < after.image_span[0] for part, after in pairwise(parts)):
            _check_size(columns["image"], len(columns["count"]))
            whole = cls(**columns)
        else:
            whole = cls.from_rows(**{name: as_int64(column) for name, column in columns.items()})
        if all(POOLED in part._cache for part in parts):
            whole.cached(POOLED, lambda: cls.merge(part.pool() for part in parts))
        return whole

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts.merge([self, other])

    def replace(self, **columns: NDArray[np.int64]) -> PairCounts:
        """Return the table with some columns replaced. The rows are not sorted again."""
        return PairCounts(**{**self._columns, **columns})

    def take_rows(self, rows: slice | NDArray[np.bool_]) -> PairCounts:
        """Return the rows of a slice or a mask."""
        return PairCounts(**{name: column[rows] for name, column in self._columns.items()})

    def iterate_blocks(self) -> Iterator[PairCounts]:
        """Yield the table in blocks of about `BLOCK` rows; an image is never split."""
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
        """Return the rows of the images from `first` up to, but not including, `last`."""
        image, (least, most) = self._columns["image"], self.image_span
        kind = image.dtype.type
        # in the dtype of the column, because another one would make a copy of all of it
        start, end = (
            0 if one <= least else len(image) if one > most else np.searchsorted(image, kind(one))
            for one in (first, last)
        )
        return self.take_rows(slice(int(start), int(end)))

    @cached_property
    def total(self) -> int:
        """The number of pixels counted."""
        return int(self._shortest._columns["count"].sum(dtype=np.int64))

    def pool(self) -> PairCounts:
        """Return the table of all images together, as image 0."""
        # cached, because every hypothesis about ids needs it and a table may have a million rows
        return self.cached(POOLED, self._compute_pool)

    @property
    def _shortest(self) -> PairCounts:
        """The pooled table if it is cached, else this one."""
        return self.pool() if POOLED in self._cache else self

    def _compute_pool(self) -> PairCounts:
        if not len(self):
            return self
        if len(self) > BLOCK and self.image_span[0] < self.image_span[1]:
            return PairCounts.merge(block._compute_pool() for block in self.iterate_blocks())
        keys, count = sum_duplicates(
            (np.zeros_like(self.image), self.truth, self.prediction), self.count
        )
        return PairCounts(*keys, count)

    @cached_property
    def truth_span(self) -> tuple[int, int]:
        """The smallest and the largest true label; (0, -1) for an empty table."""
        return find_span(self._shortest._columns["truth"])

    @cached_property
    def prediction_span(self) -> tuple[int, int]:
        """The smallest and the largest predicted label; (0, -1) for an empty table."""
        return find_span(self._shortest._columns["prediction"])

    def keep_rows(self, keep: NDArray[np.bool_]) -> PairCounts:
        """Return the rows where `keep` is true; shape (rows,)."""
        return self if keep.all() else self.take_rows(keep)

    def drop_truth(self, truth: int) -> PairCounts:
        """Return the rows without those of one true label."""
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

    def keep_counted(self, classes: int, ignore_index: int | None) -> PairCounts:
        """Return the rows that a score of these classes counts: the true label is one of them."""
        known = self if ignore_index is None else self.drop_truth(ignore_index)
        return known.drop_out_of_range(classes)

    def relabel(
        self,
        *,
        truth: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
        prediction: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
    ) -> PairCounts:
        """Return the table after mapping the labels of one side or both.

        The result is exact and needs no second pass over the data.
        """
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
        """Return the table with truth and prediction exchanged."""
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
        """Return the table with the number of its batch in place of each image.

        Equal rows are not added up; `relabel` does that.

        Args:
            size: the number of images in a batch.
        """
        batches = self.replace(image=self.image // size)
        if POOLED in self._cache:
            batches.cached(POOLED, self.pool)
        return batches

    def count_truths(self) -> dict[int, int]:
        """Return the number of pixels of each true label, in ascending order of label."""
        pool = self.pool()
        return dict(self.cached("truths", lambda: sum_by_label(pool.truth, pool.count)))

    def count_predictions(self) -> dict[int, int]:
        """Return the number of pixels of each predicted label, in ascending order of label."""
        pool = self.pool()
        return dict(self.cached("predictions", lambda: sum_by_label(pool.prediction, pool.count)))


def _check_size(image: NDArray[np.integer], rows: int) -> None:
    if rows > TABLE_LIMIT and rows > ROWS_PER_IMAGE * (int(image.max()) + 1):
        raise ReadingError(
            f"the arrays hold more than {TABLE_LIMIT:,} different pairs of values: at least one"
            " of them is not a label map; name its encoding with --predictions-as or --masks-as"
        )
