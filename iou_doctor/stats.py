"""What one pass over the data gathers: counts and extremes, never ratios.

Stats of two parts add up to the Stats of the whole, bit for bit, in any grouping. All counts
are int64; extremes merge by minimum and maximum; tables are kept sorted, so equal content
means equal arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from iou_doctor.channel_sums import ChannelSums
from iou_doctor.derivation import Pairing
from iou_doctor.errors import ReadingError
from iou_doctor.record import record
from iou_doctor.value_counts import ValueCounts

Counts = NDArray[np.int64]
Result = TypeVar("Result")

TABLE_LIMIT = 4_000_000
"""Rows of a table of pairs (128 MB). Label maps stay far below; noise read as labels does not."""

ROWS_OF_AN_IMAGE = 256
"""A hundred thousand small images may fill a larger table, each with some pairs of its own."""
POOLED = "pooled"
"""What a table knows itself under, once it is pooled."""
DENSE_ROWS = 4
"""Cells for each row up to which rows are added up in a full table: no sorting."""


@record(eq=False)
class PairCounts:
    """A sparse table: how often (truth, prediction) occurs in each image. S1 and S2."""

    image: NDArray[np.int64]
    truth: NDArray[np.int64]
    prediction: NDArray[np.int64]
    count: Counts

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
            ReadingError: there are more distinct rows than label maps can have.
        """
        keys = image, truth, prediction
        if not _ascending(keys):
            keys, count = _added_up(keys, count)
        _check_size(keys[0], count)
        return cls(*keys, count)

    @classmethod
    def merge(cls, tables: Iterable[PairCounts]) -> PairCounts:
        """Return the sum of tables, each with its rows in ascending order."""
        parts = [table for table in tables if len(table.count)]
        if not parts:
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, nothing, nothing)
        if len(parts) == 1:
            return parts[0]
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
        }
        if all(part.image[-1] < after.image[0] for part, after in pairwise(parts)):
            _check_size(columns["image"], columns["count"])
            whole = cls(**columns)
        else:
            whole = cls.from_rows(**columns)
        if all(POOLED in part._known for part in parts):
            whole.once(POOLED, lambda: cls.merge(part.pooled() for part in parts))
        return whole

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts.merge([self, other])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PairCounts):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays cannot be hashed

    @cached_property
    def total(self) -> int:
        """The number of pixels counted."""
        return int(self._few.count.sum())

    def pooled(self) -> PairCounts:
        """Return the table of all images together, booked under image 0."""
        # each hypothesis on ids asks for it, and the table of all images may have a million rows
        return self.once(POOLED, self._pooled)

    @property
    def _few(self) -> PairCounts:
        """The table of all images together where it is known, else this one."""
        return self.pooled() if POOLED in self._known else self

    def _pooled(self) -> PairCounts:
        if not len(self.count):
            return self
        keys, count = _added_up(
            (np.zeros_like(self.image), self.truth, self.prediction), self.count
        )
        _check_size(keys[0], count)
        return PairCounts(*keys, count)

    def once(self, key: Hashable, work: Callable[[], Result]) -> Result:
        """Return what `work` makes of this table; under the same key it is done only once."""
        if key not in self._known:
            self._known[key] = work()
        known: Result = self._known[key]
        return known

    @cached_property
    def _known(self) -> dict[Hashable, Any]:
        return {}

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """The first row of each image that occurs."""
        return np.flatnonzero(_changes(self.image))

    @cached_property
    def truth_starts(self) -> NDArray[np.intp]:
        """The first row of each true label of each image; of a table that is not sorted, more."""
        return np.flatnonzero(_changes(self.image) | _changes(self.truth))

    @cached_property
    def truth_span(self) -> tuple[int, int]:
        """The smallest and the largest true label; (0, -1) of an empty table."""
        return _span(self._few.truth)

    @cached_property
    def prediction_span(self) -> tuple[int, int]:
        """The smallest and the largest predicted label; (0, -1) of an empty table."""
        return _span(self._few.prediction)

    def where(self, keep: NDArray[np.bool_]) -> PairCounts:
        """Return the rows where `keep`, shape (rows,), is true."""
        if keep.all():
            return self
        return PairCounts(
            self.image[keep], self.truth[keep], self.prediction[keep], self.count[keep]
        )

    def without(self, truth: int) -> PairCounts:
        """Return the rows of other true labels than one."""
        low, high = self.truth_span
        if not low <= truth <= high:
            return self
        return self.once(("without", truth), lambda: self.where(self.truth != truth))

    def in_range(self, classes: int) -> PairCounts:
        """Return the rows whose true label is 0 to `classes` - 1."""
        low, high = self.truth_span
        if low >= 0 and high < classes:
            return self
        return self.where((self.truth >= 0) & (self.truth < classes))

    def relabel(
        self,
        *,
        truth: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
        prediction: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
    ) -> PairCounts:
        """Return the table after mapping the values of one side or both: exact, no second pass."""
        return PairCounts.from_rows(
            image=self.image,
            truth=self.truth if truth is None else truth(self.truth),
            prediction=self.prediction if prediction is None else prediction(self.prediction),
            count=self.count,
        )

    def truth_counts(self) -> dict[int, int]:
        """Return how many pixels each truth value has, in ascending order of value."""
        return dict(self._truth_counts)

    def prediction_counts(self) -> dict[int, int]:
        """Return how many pixels each predicted value has, in ascending order of value."""
        return dict(self._prediction_counts)

    @cached_property
    def _truth_counts(self) -> dict[int, int]:
        return _marginal(self.pooled().truth, self.pooled().count)

    @cached_property
    def _prediction_counts(self) -> dict[int, int]:
        return _marginal(self.pooled().prediction, self.pooled().count)


def _changes(column: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which values differ from the one before; the first does."""
    new = np.ones(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=new[1:])
    return new


def _span(labels: NDArray[np.int64]) -> tuple[int, int]:
    return (int(labels.min()), int(labels.max())) if len(labels) else (0, -1)


Keys = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Image, truth and prediction of each row, shape (n,) each."""


def _check_size(image: NDArray[np.int64], count: Counts) -> None:
    if len(count) > TABLE_LIMIT and len(count) > ROWS_OF_AN_IMAGE * (int(image.max()) + 1):
        raise ReadingError(
            f"the arrays hold more than {TABLE_LIMIT:,} different pairs of values: at least one"
            " of them is no label map; name its encoding with --predictions-as or --masks-as"
        )


def _ascending(keys: Keys) -> bool:
    """Return whether each row comes after the one before: what one image after the other gives."""
    image, truth, prediction = (column[1:] - column[:-1] for column in keys)
    after = (image > 0) | ((image == 0) & ((truth > 0) | ((truth == 0) & (prediction > 0))))
    return bool(after.all())


def _added_up(keys: Keys, count: Counts) -> tuple[Keys, Counts]:
    """Return the rows in ascending order, equal keys added up."""
    lows = [int(column.min()) for column in keys]
    spans = [int(column.max()) - low + 1 for column, low in zip(keys, lows, strict=True)]
    cells = prod(spans)
    if cells >= 2**62:  # codes of no class lie far from labels
        order = np.lexsort(keys[::-1])
        return _joined(tuple(column[order] for column in keys), count[order])
    numbers = _numbered(keys, lows, spans)
    if cells <= DENSE_ROWS * len(count):
        # float64 adds whole numbers exactly up to 2 ** 53: nobody has so many pixels
        found, totals = _filled(np.bincount(numbers, weights=count))
    else:
        order = np.argsort(numbers, kind="stable")
        (found,), totals = _joined((numbers[order],), count[order])
    image, rest = np.divmod(found, spans[1] * spans[2])
    truth, prediction = np.divmod(rest, spans[2])
    return (image + lows[0], truth + lows[1], prediction + lows[2]), totals


def _numbered(keys: Keys, lows: list[int], spans: list[int]) -> NDArray[np.int64]:
    """Return one number for each row, ascending as the rows should; shape (rows,)."""
    numbers: NDArray[np.int64] | None = None
    for column, low, span in zip(keys, lows, spans, strict=True):
        if span == 1:  # as that of the image once all are pooled
            continue
        if numbers is None:
            numbers = column - low
        else:
            numbers *= span
            numbers += column
            numbers -= low
    return np.zeros_like(keys[0]) if numbers is None else numbers


def _filled(totals: NDArray[Any]) -> tuple[NDArray[np.int64], Counts]:
    found = np.flatnonzero(totals)
    return found, totals[found].astype(np.int64)


def _joined(keys: Any, count: Counts) -> tuple[Any, Counts]:
    """Return sorted rows with those of equal keys added up."""
    new = np.ones(len(count), dtype=bool)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in keys])
    starts = np.flatnonzero(new)
    return tuple(column[starts] for column in keys), np.add.reduceat(count, starts)


def _marginal(values: NDArray[np.int64], count: Counts) -> dict[int, int]:
    nothing = np.zeros_like(values)
    if len(values):
        (_, values, _), count = _added_up((nothing, values, nothing), count)
    return dict(zip(values.tolist(), count.tolist(), strict=True))


@record
class Stats:
    """Everything that one pass gathers. Any two parts of the same data can be added."""

    samples: int
    tables: Mapping[Pairing, PairCounts]
    y_true: ValueCounts
    y_pred: ValueCounts
    sums: ChannelSums | None = None
    """Sums of scores for each image and channel, where something asked for them. S3."""

    def __add__(self, other: Stats) -> Stats:
        return Stats.merge([self, other])

    @staticmethod
    def merge(parts: Iterable[Stats]) -> Stats:
        """Return the Stats of the whole from those of its parts, in any order."""
        parts = list(parts)
        pairings = {pairing: None for part in parts for pairing in part.tables}
        return Stats(
            samples=sum(part.samples for part in parts),
            tables={
                pairing: PairCounts.merge(
                    part.tables[pairing] for part in parts if pairing in part.tables
                )
                for pairing in pairings
            },
            y_true=ValueCounts.merge([part.y_true for part in parts]),
            y_pred=ValueCounts.merge([part.y_pred for part in parts]),
            sums=ChannelSums.merge([part.sums for part in parts if part.sums is not None]),
        )
