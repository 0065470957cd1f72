"""Sort the rows of tables of counts, and sum the counts of equal rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""The number of pixels of each row, shape (n,)."""

Keys = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""The image, the true label and the predicted label of each row, shape (n,) each."""

DENSE_CELLS_PER_ROW = 4
"""Up to this many cells for each row, a dense table is filled instead of sorting the rows."""

LARGEST_CODE = 2**62
"""Rows are numbered in int64. Beyond this many possible rows their numbers could overflow."""


def mark_changes(column: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which values differ from the one before. The first value counts as a change."""
    new = np.ones(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=new[1:])
    return new


def find_span(labels: NDArray[np.integer]) -> tuple[int, int]:
    """Return the smallest and the largest label; (0, -1) for an empty array."""
    return (int(labels.min()), int(labels.max())) if len(labels) else (0, -1)


def is_ascending(keys: Keys) -> bool:
    """Return whether the rows are in strictly ascending order.

    They are when images were counted one after the other.
    """
    image, truth, prediction = (column[1:] - column[:-1] for column in keys)
    after = (image > 0) | ((image == 0) & ((truth > 0) | ((truth == 0) & (prediction > 0))))
    return bool(after.all())


def sum_duplicates(keys: Keys, count: Counts) -> tuple[Keys, Counts]:
    """Return the rows in ascending order, with the counts of equal keys summed."""
    lows = [int(column.min()) for column in keys]
    spans = [int(column.max()) - low + 1 for column, low in zip(keys, lows, strict=True)]
    cells = prod(spans)
    if cells >= LARGEST_CODE:  # no-class codes are far from ordinary labels
        order = np.lexsort(keys[::-1])
        image, truth, prediction = (column[order] for column in keys)
        starts, totals = _sum_runs((image, truth, prediction), count[order])
        return (image[starts], truth[starts], prediction[starts]), totals
    numbers = _number_rows(keys, lows, spans)
    if cells <= DENSE_CELLS_PER_ROW * len(count):
        # float64 sums integers exactly up to 2 ** 53, far more pixels than any data set has
        sums = np.bincount(numbers, weights=count)
        found = np.flatnonzero(sums)
        totals = sums[found].astype(np.int64)
    else:
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        starts, totals = _sum_runs((numbers,), count[order])
        found = numbers[starts]
    image, rest = np.divmod(found, spans[1] * spans[2])
    truth, prediction = np.divmod(rest, spans[2])
    return (image + lows[0], truth + lows[1], prediction + lows[2]), totals


def _number_rows(keys: Keys, lows: list[int], spans: list[int]) -> NDArray[np.int64]:
    """Return one number for each row; the numbers sort as the rows do. Shape (rows,)."""
    numbers: NDArray[np.int64] | None = None
    for column, low, span in zip(keys, lows, spans, strict=True):
        if span == 1:  # for example the image column of a pooled table
            continue
        if numbers is None:
            numbers = column - low
        else:
            numbers *= span
            numbers += column
            numbers -= low
    return np.zeros_like(keys[0]) if numbers is None else numbers


def _sum_runs(keys: Sequence[NDArray[np.int64]], count: Counts) -> tuple[NDArray[np.intp], Counts]:
    """Return the first row of each run of equal keys, and the total count of each run."""
    new = np.ones(len(count), dtype=bool)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in keys])
    starts = np.flatnonzero(new)
    return starts, np.add.reduceat(count, starts)


def sum_by_label(labels: NDArray[np.int64], count: Counts) -> dict[int, int]:
    """Return the total count of each label, in ascending order of label."""
    zeros = np.zeros_like(labels)
    if len(labels):
        (_, labels, _), count = sum_duplicates((zeros, labels, zeros), count)
    return dict(zip(labels.tolist(), count.tolist(), strict=True))
