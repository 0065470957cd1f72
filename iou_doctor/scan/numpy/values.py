"""Measure the values of a batch: extremes, counts, and the argmax that shares their passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import encode_no_class
from iou_doctor.counts.value_counts import (
    SUM_TOLERANCE,
    Place,
    ValueCounts,
    compute_double_activation_bound,
)
from iou_doctor.scan.numpy.decode_labels import argmax_like_keras

NEAR_TWICE = 0.95
"""Part of the bound of a second activation. A score of 0.82 or more gives a value above it."""
ROUNDING = 1e-3
"""Relative tolerance above the bound of a second activation. float16 rounds by up to 0.0005."""
GRID_TOLERANCE = 0.07
"""How far 255 times a value may be from an integer. k/255 in float16 is up to 0.063 off."""


def measure(
    values: StoredArray, *, samples: NDArray[np.int64], first_row: int, dense: bool
) -> ValueCounts:
    """Return the counts over `values`.

    Args:
        values: shape (n, *spatial), or (n, *spatial, C) if dense.
        samples: shape (n,), the numbers of the samples.
        first_row: the row of the sample at which `values` begin.
        dense: whether the last axis holds channels.
    """
    pixels = values.size // (values.shape[-1] if dense else 1)
    counts = ValueCounts(values=values.size, pixels=pixels)
    if values.size == 0:
        return counts
    where = PlaceFinder(samples, first_row, values, dense)
    counts = replace(counts, first=where.find_place(0))
    if values.dtype.kind == "f":
        return _measure_floats(counts, values, where)
    low, high = int(values.min()), int(values.max())
    outside = 0 if low >= 0 and high <= 1 else int(((values < 0) | (values > 1)).sum())
    ones = values.size if low >= 1 else int((values >= 1).sum())
    return replace(counts, minimum=low, maximum=high, outside_unit=outside, at_least_one=ones)


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

    def find_first(self, mask: NDArray[np.bool_]) -> Place:
        """Return the place of the first true entry."""
        return self.find_place(int(mask.argmax()))


def _measure_floats(counts: ValueCounts, values: StoredArray, where: PlaceFinder) -> ValueCounts:
    fraction = values != np.trunc(values)
    low, high = _find_extremes(values)  # NaN if any value is
    finite = values
    if not np.isfinite(low) or not np.isfinite(high):
        counts = _count_non_finite(counts, values, where)
        is_finite = np.isfinite(values)
        fraction &= is_finite
        finite = values[is_finite]
        if finite.size == 0:
            return replace(counts, off_255_grid=counts.values, outside_unit=counts.infinite)
        low, high = _find_extremes(finite)
    outside = 0 if low >= 0 and high <= 1 else int(((finite < 0) | (finite > 1)).sum())
    at_least_one = 0 if high < 1 else int((finite >= 1).sum())
    fractional = int(np.count_nonzero(fraction))
    return replace(
        counts,
        minimum=low,
        maximum=high,
        outside_unit=outside + counts.infinite,
        at_least_one=at_least_one,
        fractional=fractional,
        first_fractional=where.find_first(fraction) if fractional else None,
        off_255_grid=_count_off_grid(finite) + counts.non_finite,
        near_twice=0 if where.dense else _count_near_bound(finite, 2),
    )


def _find_extremes(values: StoredArray) -> tuple[float, float]:
    """Return the smallest and the largest value. -0.0 becomes 0.0, since the two compare equal."""
    return float(values.min()) + 0.0, float(values.max()) + 0.0


def _count_non_finite(counts: ValueCounts, values: StoredArray, where: PlaceFinder) -> ValueCounts:
    missing = np.isnan(values)
    infinite = np.isinf(values)
    return replace(
        counts,
        nan=int(missing.sum()),
        infinite=int(infinite.sum()),
        first_non_finite=where.find_first(missing | infinite),
    )


def _count_off_grid(values: StoredArray) -> int:
    """Return the number of values that are not k/255 for an integer k from 0 to 255."""
    if values.size == 0:
        return 0
    scaled = values.astype(np.float32) * np.float32(255)
    near = np.abs(scaled - np.rint(scaled)) <= GRID_TOLERANCE
    inside = (scaled > -0.5) & (scaled < 255.5)
    return int(values.size - np.count_nonzero(near & inside))


def argmax_and_count(values: StoredArray) -> tuple[NDArray[np.int64], ValueCounts]:
    """Return class ids by argmax over the last axis, and the counts that need whole pixels.

    Args:
        values: shape (n, *spatial, C), any dtype.

    Returns:
        The ids, shape (n, *spatial), and the counts. An id is the first largest channel. A pixel
        with a NaN channel, or with all channels 0, is not a class; its code holds the class that
        `argmax_like_keras` gives it.
    """
    values = values.view(np.uint8) if values.dtype.kind == "b" else values
    ids = values.argmax(axis=-1)
    sums = _sum_channels(values)
    largest = np.take_along_axis(values, ids[..., np.newaxis], axis=-1)
    counts = _count_pixels(values, sums=sums, largest=largest)
    zero = largest[..., 0] == 0
    has_nan = np.isnan(largest[..., 0]) if values.dtype.kind == "f" else np.zeros_like(zero)
    if zero.any():
        ids[zero] = argmax_like_keras(values[zero])
        zero[zero] = (values[zero] == 0).all(axis=-1)
        ids[zero] = encode_no_class(ids[zero])
        counts = replace(counts, all_zero=int(zero.sum()))
    if has_nan.any():
        ids[has_nan] = encode_no_class(argmax_like_keras(values[has_nan]))
    return ids, counts


def _sum_channels(values: StoredArray) -> NDArray[np.float64]:
    """Return the sum of each pixel's channels, added in their order.

    `np.sum` adds in an order that depends on the strides, so the last bit of a pixel's sum could
    depend on the window in which it is read.
    """
    sums = np.zeros(values.shape[:-1])
    for channel in range(values.shape[-1]):
        sums += values[..., channel]
    return sums


def _count_pixels(
    values: StoredArray, *, sums: NDArray[np.float64], largest: StoredArray
) -> ValueCounts:
    off = ~(np.abs(sums - 1) <= SUM_TOLERANCE)  # NaN is off
    finite = sums[np.isfinite(sums)]
    at_top = values == largest  # NaN equals nothing
    ties = 0
    if np.count_nonzero(at_top) > sums.size - np.count_nonzero(np.isnan(largest)):
        ties = int((at_top.sum(axis=-1) > 1).sum())
    tops = largest[np.isfinite(largest)]
    ones = (largest[..., 0] == 1) & (sums == 1)
    if ones.any():
        ones[ones] = np.count_nonzero(values[ones], axis=-1) == 1
    return ValueCounts(
        sum_off=int(off.sum()),
        one_hot=int(ones.sum()),
        ties=ties,
        near_twice=_count_near_bound(largest, values.shape[-1]),
        minimum_top=_find_extremes(tops)[0] if tops.size else None,
        minimum_sum=_find_extremes(finite)[0] if finite.size else None,
        maximum_sum=_find_extremes(finite)[1] if finite.size else None,
    )


def _count_near_bound(values: StoredArray, classes: int) -> int:
    """Return the number of values just below the bound of a second activation."""
    bound = compute_double_activation_bound(classes)
    near = (values >= NEAR_TWICE * bound) & (values <= (1 + ROUNDING) * bound)
    return int(np.count_nonzero(near))
