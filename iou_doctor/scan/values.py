"""Extremes and counts over the values of a batch (S4), with the argmax that shares its passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.stats import Place, ValueCounts, no_class

SUM_TOLERANCE = 0.02
"""A float16 softmax over 11 classes is off by 0.0004; bfloat16 or resized ones by up to 0.01."""
GRID_TOLERANCE = 0.07
"""k/255 times 255 in float16 comes back within 0.063 of k; all values must be so near."""


def measure(
    values: NDArray[Any], *, samples: NDArray[np.int64], first_row: int, dense: bool
) -> ValueCounts:
    """Return the counts over `values`, shape (n, *spatial) or, where dense, (n, *spatial, C)."""
    pixels = values.size // (values.shape[-1] if dense else 1)
    counts = ValueCounts(values=values.size, pixels=pixels)
    if values.size == 0:
        return counts
    where = _Where(samples, first_row, values, dense)
    counts = replace(counts, first=where.place(0))
    if values.dtype.kind == "f":
        return _floats(counts, values, where)
    low, high = int(values.min()), int(values.max())
    outside = 0 if low >= 0 and high <= 1 else int(((values < 0) | (values > 1)).sum())
    ones = values.size if low >= 1 else int((values >= 1).sum())
    return replace(counts, minimum=low, maximum=high, outside_unit=outside, at_least_one=ones)


class _Where:
    """Turns a flat index into a place."""

    def __init__(
        self, samples: NDArray[np.int64], first_row: int, values: NDArray[Any], dense: bool
    ) -> None:
        self._samples, self._first_row, self._values = samples, first_row, values
        self._dense = dense

    def place(self, flat: int) -> Place:
        index = tuple(int(i) for i in np.unravel_index(flat, self._values.shape))
        pixel = index[:-1] if self._dense else index
        stored = np.atleast_1d(self._values[pixel])
        position = (pixel[1] + self._first_row, *pixel[2:])
        return Place(int(self._samples[pixel[0]]), position, tuple(float(v) for v in stored))

    def first(self, mask: NDArray[np.bool_]) -> Place:
        return self.place(int(mask.argmax()))


def _floats(counts: ValueCounts, values: NDArray[Any], where: _Where) -> ValueCounts:
    low, high = float(values.min()), float(values.max())  # NaN if any value is
    if not np.isfinite(low) or not np.isfinite(high):
        counts = _non_finite(counts, values, where)
        values = values[np.isfinite(values)]
        if values.size == 0:
            return replace(counts, off_255_grid=counts.values, outside_unit=counts.infinite)
        low, high = float(values.min()), float(values.max())
        where_fraction = None
    else:
        where_fraction = where
    outside = 0 if low >= 0 and high <= 1 else int(((values < 0) | (values > 1)).sum())
    at_least_one = 0 if high < 1 else int((values >= 1).sum())
    fraction = values != np.trunc(values)
    fractional = int(np.count_nonzero(fraction))
    if fractional and where_fraction:
        counts = replace(counts, first_fractional=where_fraction.first(fraction))
    return replace(
        counts,
        minimum=low,
        maximum=high,
        outside_unit=outside + counts.infinite,
        at_least_one=at_least_one,
        fractional=fractional,
        off_255_grid=_off_grid(values) + counts.non_finite,
    )


def _non_finite(counts: ValueCounts, values: NDArray[Any], where: _Where) -> ValueCounts:
    missing = np.isnan(values)
    infinite = np.isinf(values)
    return replace(
        counts,
        nan=int(missing.sum()),
        infinite=int(infinite.sum()),
        first_non_finite=where.first(missing | infinite),
    )


def _off_grid(values: NDArray[Any]) -> int:
    """Return how many values are not k/255."""
    if values.size == 0:
        return 0
    scaled = values.astype(np.float32) * np.float32(255)
    near = np.abs(scaled - np.rint(scaled)) <= GRID_TOLERANCE
    inside = (scaled > -0.5) & (scaled < 255.5)
    return int(values.size - np.count_nonzero(near & inside))


def argmax_and_sums(values: NDArray[Any]) -> tuple[NDArray[np.int64], ValueCounts]:
    """Return class ids by argmax over the last axis, and the counts that need whole pixels.

    Args:
        values: shape (n, *spatial, C), any dtype.

    Returns:
        ids of shape (n, *spatial): the first largest channel. A pixel with a NaN channel, or
        with all channels 0, is no class; its code carries what TensorFlow's argmax answers.
    """
    values = values.view(np.uint8) if values.dtype.kind == "b" else values
    ids = values.argmax(axis=-1)
    sums = values.sum(axis=-1, dtype=np.float64 if values.dtype.kind == "f" else np.int64)
    largest = np.take_along_axis(values, ids[..., np.newaxis], axis=-1)
    counts = _pixel_counts(values, sums=sums, largest=largest)
    if values.dtype.kind == "f" and np.isnan(largest).any():
        ids = _without_nan(values, ids, np.isnan(largest[..., 0]))
    zero = largest[..., 0] == 0
    if zero.any():
        zero[zero] = (values[zero] == 0).all(axis=-1)
        ids = np.where(zero, no_class(ids * 0), ids) if zero.any() else ids
        counts = replace(counts, all_zero=int(zero.sum()))
    return ids, counts


def _pixel_counts(
    values: NDArray[Any], *, sums: NDArray[Any], largest: NDArray[Any]
) -> ValueCounts:
    off = ~(np.abs(sums - 1) <= SUM_TOLERANCE)  # NaN is off
    finite = sums[np.isfinite(sums)] if values.dtype.kind == "f" else sums
    at_top = values == largest
    ties = 0
    if np.count_nonzero(at_top) > sums.size:
        ties = int((at_top.sum(axis=-1) > 1).sum())
    ones = (largest[..., 0] == 1) & (sums == 1)
    if ones.any():
        ones[ones] = np.count_nonzero(values[ones], axis=-1) == 1
    return ValueCounts(
        sum_off=int(off.sum()),
        one_hot=int(ones.sum()),
        ties=ties,
        minimum_sum=float(finite.min()) if finite.size else None,
        maximum_sum=float(finite.max()) if finite.size else None,
    )


def _without_nan(
    values: NDArray[Any], ids: NDArray[np.int64], has_nan: NDArray[np.bool_]
) -> NDArray[np.int64]:
    bad = values[has_nan]
    naive = np.where(np.isnan(bad), -np.inf, bad).argmax(axis=-1)
    ids = ids.copy()
    ids[has_nan] = no_class(naive)
    return ids
