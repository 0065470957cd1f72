"""Measure the values of a batch: extremes and counts, tile by tile.

Cheap tests of a tile come first: if all its values lie between 0 and 1, none is whole.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import VALUE_LIMIT
from iou_doctor.counts.value_counts import (
    Place,
    ValueCounts,
    compute_double_activation_bound,
)
from iou_doctor.scan.numpy.tiles import SPACE, choose_tile_dtype, iterate_tiles

NEAR_TWICE = 0.95
"""Part of the bound of a second activation. A score of 0.82 or more gives a value above it."""
ROUNDING = 1e-3
"""Relative tolerance above the bound of a second activation. float16 rounds by up to 0.0005."""
GRID_TOLERANCE = 0.07
"""How far 255 times a value may be from an integer. k/255 in float16 is up to 0.063 off."""


Found = dict[str, Any]
"""Some of the fields of `ValueCounts`."""
LabelCounts = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Labels, and the number of pixels of each, shape (rows,) each. A label may occur repeatedly."""


def measure(
    values: StoredArray,
    *,
    samples: NDArray[np.int64],
    first_row: int,
    dense: bool,
    tally: ValueTally | None = None,
    labels: LabelCounts | None = None,
) -> ValueCounts:
    """Return the counts over `values`.

    Args:
        values: shape (n, *spatial), or (n, *spatial, C) if dense.
        samples: shape (n,), the numbers of the samples.
        first_row: the row of the sample at which `values` begin.
        dense: whether the last axis holds channels.
        tally: what has counted these values already, if they are floats.
        labels: how often each of the values occurs, if they are integers that were counted.
    """
    pixels = values.size // (values.shape[-1] if dense else 1)
    if values.size == 0:
        return ValueCounts(values=values.size, pixels=pixels)
    where = PlaceFinder(samples, first_row, values, dense)
    if values.dtype.kind == "f":
        found = (tally or _tally_values(values, dense=dense)).sum_up(where)
    elif labels is None or np.abs(labels[0]).max() >= VALUE_LIMIT:  # where labels saturate
        found = _measure_integers(values)
    else:
        found = _measure_labels(*labels)
    return ValueCounts(values=values.size, pixels=pixels, first=where.find_place(0), **found)


def _tally_values(values: StoredArray, *, dense: bool) -> ValueTally:
    tally = ValueTally(classes=None if dense else 2)
    for first, tile in iterate_tiles(values, dense=dense, dtype=choose_tile_dtype(values)):
        tally.add(tile, first, high=float(tile.max()) + 0.0)
    return tally


def _measure_integers(values: StoredArray) -> Found:
    low, high = int(values.min()), int(values.max())
    outside = 0 if low >= 0 and high <= 1 else count_true((values < 0) | (values > 1))
    ones = values.size if low >= 1 else count_true(values >= 1)
    return {"minimum": low, "maximum": high, "outside_unit": outside, "at_least_one": ones}


def _measure_labels(labels: NDArray[np.int64], count: NDArray[np.int64]) -> Found:
    """Return the same, without a pass over the values."""
    return {
        "minimum": int(labels.min()),
        "maximum": int(labels.max()),
        "outside_unit": int(count[(labels < 0) | (labels > 1)].sum()),
        "at_least_one": int(count[labels >= 1].sum()),
    }


class PlaceFinder:
    """Finds the place of a value by its flat index."""

    def __init__(
        self, samples: NDArray[np.int64], first_row: int, values: StoredArray, dense: bool
    ) -> None:
        self._samples, self._first_row, self._values = samples, first_row, values
        self.dense = dense

    def find_place(self, flat: int) -> Place:
        """Return the place of the value with flat index `flat`, and the values stored there."""
        index = tuple(int(i) for i in np.unravel_index(flat, self._values.shape))
        pixel = index[:-1] if self.dense else index
        stored = np.atleast_1d(self._values[pixel])
        position = (pixel[1] + self._first_row, *pixel[2:])
        return Place(int(self._samples[pixel[0]]), position, tuple(float(v) for v in stored))

    def find_pixel(self, pixel: int | None) -> Place | None:
        """Return the place of a pixel by its flat index; `None` for no pixel."""
        step = self._values.shape[-1] if self.dense else 1
        return None if pixel is None else self.find_place(pixel * step)


class ValueTally:
    """Adds up the counts over the values of tiles, which come in the order of their pixels.

    Args:
        classes: 2 to count the values near the bound of a second sigmoid; `None` to count none.
    """

    def __init__(self, classes: int | None = None) -> None:
        self._classes = classes
        self._counts: Counter[str] = Counter()
        self._low, self._high = np.inf, -np.inf
        self._fractional: int | None = None
        self._non_finite: int | None = None

    def add(self, tile: StoredArray, first: int, *, high: float) -> None:
        """Count the values of a tile of floats.

        Args:
            tile: shape (C, pixels).
            first: the index of its first pixel.
            high: the largest value of the tile; NaN if any is.
        """
        low = float(tile.min()) + 0.0
        if np.isfinite(low) and np.isfinite(high):
            self._add_finite(tile, low, high)
        else:
            self._add_others(tile, first)
        if self._counts["fractional"] and self._fractional is None:
            self._fractional = first + _find_pixel((tile != np.trunc(tile)) & np.isfinite(tile))

    def _add_others(self, tile: StoredArray, first: int) -> None:
        """Count values of which some are NaN or infinite."""
        is_finite = np.isfinite(tile)
        nan, infinite = count_true(np.isnan(tile)), count_true(np.isinf(tile))
        self._counts["nan"] += nan
        self._counts["infinite"] += infinite
        self._counts["outside_unit"] += infinite
        self._counts["off_255_grid"] += nan + infinite
        if self._non_finite is None:
            self._non_finite = first + _find_pixel(~is_finite)
        finite = tile[is_finite]
        if finite.size:
            self._add_finite(finite, *find_extremes(finite))

    def _add_finite(self, values: StoredArray, low: float, high: float) -> None:
        """Count finite values from `low` to `high`."""
        self._low, self._high = min(low, self._low), max(high, self._high)
        within, between = low >= 0 and high <= 1, low > 0 and high < 1
        ones = 0 if high < 1 else _count_where(np.greater_equal, values, 1)
        self._counts["at_least_one"] += ones
        if not within:
            outside = _count_where(np.less, values, 0) + _count_where(np.greater, values, 1)
            self._counts["outside_unit"] += outside
            whole = _count_whole(values)
        else:
            whole = 0 if between else ones + _count_where(np.equal, values, 0)
        self._counts["fractional"] += values.size - whole
        self._counts["off_255_grid"] += values.size - _count_on_grid(values, within=within)
        if self._classes is not None:
            self._counts["near_twice"] += count_near_bound(values, self._classes)

    def sum_up(self, where: PlaceFinder) -> Found:
        """Return the counts of all tiles."""
        found = self._low <= self._high
        return {
            **self._counts,
            "minimum": self._low if found else None,
            "maximum": self._high if found else None,
            "first_fractional": where.find_pixel(self._fractional),
            "first_non_finite": where.find_pixel(self._non_finite),
        }


def _find_pixel(mask: NDArray[np.bool_]) -> int:
    """Return the first pixel of a mask, shape (C, pixels), with a true channel."""
    return int(mask.any(axis=0).argmax())


def find_extremes(values: StoredArray) -> tuple[float, float]:
    """Return the smallest and the largest value. -0.0 becomes 0.0, since the two compare equal."""
    return float(values.min()) + 0.0, float(values.max()) + 0.0


def find_finite_extremes(values: StoredArray) -> tuple[float, float] | tuple[None, None]:
    """Return the smallest and the largest finite value; `None` without one."""
    low, high = find_extremes(values)
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = values[np.isfinite(values)]
    return find_extremes(finite) if finite.size else (None, None)


def _count_where(compare: np.ufunc, values: StoredArray, other: StoredArray | int) -> int:
    """Return how often a comparison of the values of a tile holds."""
    mask = SPACE.take("mask", values.shape, np.bool_)
    compare(values, other, out=mask)
    return count_true(mask)


def _count_whole(values: StoredArray) -> int:
    whole = SPACE.take("values", values.shape, values.dtype.type)
    return _count_where(np.equal, values, np.trunc(values, out=whole))


def _count_on_grid(values: StoredArray, *, within: bool) -> int:
    """Return the number of values that are k/255 for an integer k from 0 to 255.

    Args:
        values: finite floats.
        within: whether all of them lie in [0, 1].
    """
    scaled, off = SPACE.take("values", (2, *values.shape), np.float32)
    np.multiply(values.astype(np.float32, copy=False), np.float32(255), out=scaled)
    np.rint(scaled, out=off)
    np.subtract(scaled, off, out=off)
    np.abs(off, out=off)
    near = np.less_equal(off, GRID_TOLERANCE, out=SPACE.take("mask", values.shape, np.bool_))
    if not within:
        near &= (scaled > -0.5) & (scaled < 255.5)
    return count_true(near)


def count_near_bound(values: StoredArray, classes: int) -> int:
    """Return the number of values just below the bound of a second activation."""
    bound = compute_double_activation_bound(classes)
    near = (values >= NEAR_TWICE * bound) & (values <= (1 + ROUNDING) * bound)
    return count_true(near)


def count_true(mask: NDArray[np.bool_]) -> int:
    """Return the number of true entries."""
    return int(np.count_nonzero(mask))
