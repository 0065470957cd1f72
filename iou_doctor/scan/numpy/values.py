"""Extremes and counts over the values of a batch (S4), with the argmax that shares its passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import encode_no_class
from iou_doctor.counts.value_counts import (
    SUM_TOLERANCE,
    Place,
    ValueCounts,
    compute_double_activation_bound,
)
from iou_doctor.scan.numpy.decode_labels import argmax_like_keras

NEAR_TWICE = 0.95
"""Part of the bound of a second activation: scores of 0.82 and more come through above it."""
ROUNDING = 1e-3
"""float16 rounds by up to 0.0005."""
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
    where = PlaceFinder(samples, first_row, values, dense)
    counts = replace(counts, first=where.find_place(0))
    if values.dtype.kind == "f":
        return _floats(counts, values, where)
    low, high = int(values.min()), int(values.max())
    outside = 0 if low >= 0 and high <= 1 else int(((values < 0) | (values > 1)).sum())
    ones = values.size if low >= 1 else int((values >= 1).sum())
    return replace(counts, minimum=low, maximum=high, outside_unit=outside, at_least_one=ones)


class PlaceFinder:
    """Turns a flat index into a place."""

    def __init__(
        self, samples: NDArray[np.int64], first_row: int, values: NDArray[Any], dense: bool
    ) -> None:
        self._samples, self._first_row, self._values = samples, first_row, values
        self.dense = dense

    def find_place(self, flat: int) -> Place:
        """Return the place of value number `flat`, with the values that stand there."""
        index = tuple(int(i) for i in np.unravel_index(flat, self._values.shape))
        pixel = index[:-1] if self.dense else index
        stored = np.atleast_1d(self._values[pixel])
        position = (pixel[1] + self._first_row, *pixel[2:])
        return Place(int(self._samples[pixel[0]]), position, tuple(float(v) for v in stored))

    def find_first(self, mask: NDArray[np.bool_]) -> Place:
        """Return the place of the first true entry."""
        return self.find_place(int(mask.argmax()))


def _floats(counts: ValueCounts, values: NDArray[Any], where: PlaceFinder) -> ValueCounts:
    fraction = values != np.trunc(values)
    low, high = _extremes(values)  # NaN if any value is
    finite = values
    if not np.isfinite(low) or not np.isfinite(high):
        counts = _non_finite(counts, values, where)
        is_finite = np.isfinite(values)
        fraction &= is_finite
        finite = values[is_finite]
        if finite.size == 0:
            return replace(counts, off_255_grid=counts.values, outside_unit=counts.infinite)
        low, high = _extremes(finite)
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
        off_255_grid=_off_grid(finite) + counts.non_finite,
        near_twice=0 if where.dense else _near_twice(finite, 2),
    )


def _extremes(values: NDArray[Any]) -> tuple[float, float]:
    """Return the smallest and the largest value; 0.0 for -0.0, which no order tells apart."""
    return float(values.min()) + 0.0, float(values.max()) + 0.0


def _non_finite(counts: ValueCounts, values: NDArray[Any], where: PlaceFinder) -> ValueCounts:
    missing = np.isnan(values)
    infinite = np.isinf(values)
    return replace(
        counts,
        nan=int(missing.sum()),
        infinite=int(infinite.sum()),
        first_non_finite=where.find_first(missing | infinite),
    )


def _off_grid(values: NDArray[Any]) -> int:
    """Return how many values are not k/255."""
    if values.size == 0:
        return 0
    scaled = values.astype(np.float32) * np.float32(255)
    near = np.abs(scaled - np.rint(scaled)) <= GRID_TOLERANCE
    inside = (scaled > -0.5) & (scaled < 255.5)
    return int(values.size - np.count_nonzero(near & inside))


def argmax_and_count(values: NDArray[Any]) -> tuple[NDArray[np.int64], ValueCounts]:
    """Return class ids by argmax over the last axis, and the counts that need whole pixels.

    Args:
        values: shape (n, *spatial, C), any dtype.

    Returns:
        ids of shape (n, *spatial): the first largest channel. A pixel with a NaN channel, or
        with all channels 0, is no class; its code carries what Keras' argmax answers.
    """
    values = values.view(np.uint8) if values.dtype.kind == "b" else values
    ids = values.argmax(axis=-1)
    sums = _channel_sums(values)
    largest = np.take_along_axis(values, ids[..., np.newaxis], axis=-1)
    counts = _pixel_counts(values, sums=sums, largest=largest)
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


def _channel_sums(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sum of each pixel's channels, added one by one.

    NumPy's own sum adds in an order that depends on the strides, so that the same pixel could
    give another last bit in another window.
    """
    sums = np.zeros(values.shape[:-1])
    for channel in range(values.shape[-1]):
        sums += values[..., channel]
    return sums


def _pixel_counts(
    values: NDArray[Any], *, sums: NDArray[Any], largest: NDArray[Any]
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
        near_twice=_near_twice(largest, values.shape[-1]),
        minimum_top=_extremes(tops)[0] if tops.size else None,
        minimum_sum=_extremes(finite)[0] if finite.size else None,
        maximum_sum=_extremes(finite)[1] if finite.size else None,
    )


def _near_twice(values: NDArray[Any], classes: int) -> int:
    """Return how many values are just below the most that softmax of probabilities can give."""
    most = compute_double_activation_bound(classes)
    near = (values >= NEAR_TWICE * most) & (values <= (1 + ROUNDING) * most)
    return int(np.count_nonzero(near))
