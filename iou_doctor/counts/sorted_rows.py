"""Rows of tables of counts: whether they stand in order, and equal ones added up."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
DENSE_ROWS = 4
"""Cells for each row up to which rows are added up in a full table: no sorting."""

Keys = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Image, truth and prediction of each row, shape (n,) each."""


def mark_changes(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which values differ from the one before; the first does."""
    new = np.ones(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=new[1:])
    return new


def find_span(labels: NDArray[Any]) -> tuple[int, int]:
    """Return the smallest and the largest label; (0, -1) of none."""
    return (int(labels.min()), int(labels.max())) if len(labels) else (0, -1)


def is_ascending(keys: Keys) -> bool:
    """Return whether each row comes after the one before: what one image after the other gives."""
    image, truth, prediction = (column[1:] - column[:-1] for column in keys)
    after = (image > 0) | ((image == 0) & ((truth > 0) | ((truth == 0) & (prediction > 0))))
    return bool(after.all())


def sum_duplicates(keys: Keys, count: Counts) -> tuple[Keys, Counts]:
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


def sum_by_label(values: NDArray[np.int64], count: Counts) -> dict[int, int]:
    """Return the count of each value, in ascending order of value."""
    nothing = np.zeros_like(values)
    if len(values):
        (_, values, _), count = sum_duplicates((nothing, values, nothing), count)
    return dict(zip(values.tolist(), count.tolist(), strict=True))
