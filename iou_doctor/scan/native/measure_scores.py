"""Measure dense scores with the native kernels: each pixel's largest channel, and all counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import encode_no_class
from iou_doctor.counts.value_counts import (
    SUM_TOLERANCE,
    ValueCounts,
    compute_double_activation_bound,
)
from iou_doctor.scan.native.count_labels import EncodedLabels
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.structures import MEASURED, MEASURES, MOST_CHANNELS, NO_CLASS
from iou_doctor.scan.numpy.values import GRID_TOLERANCE, NEAR_TWICE, ROUNDING


def measure_scores(
    kernels: Kernels, values: StoredArray
) -> tuple[EncodedLabels, ValueCounts, int | None] | None:
    """Return the classes by argmax, and the counts over all values and pixels.

    Args:
        kernels: the native kernels.
        values: float16, float32 or float64, shape (n, *spatial, C).

    Returns:
        The classes, the counts without their places, and the flat index of the first pixel with a
        fraction. `None` if a value is NaN or infinite, or if a byte cannot hold the classes.
    """
    channels = values.shape[-1]
    if channels > MOST_CHANNELS:
        return None
    ids = np.empty(values.shape[:-1], dtype=np.uint8)
    measures = _make_measures(values)
    values, image, plane = _find_strides(values)
    problem = kernels.get("measure_scores")(
        *(values.ctypes.data, values.itemsize, len(values), image, ids[0].size, channels, plane),
        *(ids.ctypes.data, measures.ctypes.data),
    )
    if problem != MEASURED:
        return None
    first = int(measures["first_fractional"])
    return (
        _encode_classes(ids, void=bool(measures["all_zero"] > 0)),
        _read_measures(measures, values.size, ids.size),
        None if first < 0 else first,
    )


def _find_strides(values: StoredArray) -> tuple[StoredArray, int, int]:
    """Return the values, as a copy if the kernels cannot read them where they lie.

    With them, return the distance in values from one image to the next, and from one channel of a
    pixel to the next; this is 1 where the channels of a pixel lie side by side.
    """
    planes = np.moveaxis(values, -1, 1)
    if not values.flags.c_contiguous and planes[0, 0].flags.c_contiguous:
        image, plane = planes.strides[0], planes.strides[1]
        if image % values.itemsize == 0 and plane % values.itemsize == 0:
            return values, image // values.itemsize, plane // values.itemsize
    values = np.ascontiguousarray(values)
    return values, values[0].size, 1


def _make_measures(values: StoredArray) -> NDArray[np.void]:
    """Return the counts of no value, with the limits for these values."""
    bound = compute_double_activation_bound(values.shape[-1])
    measures = np.zeros((), dtype=MEASURES)
    for least in ("lowest", "lowest_top", "least_sum"):
        measures[least] = np.inf
    for most in ("highest", "largest_sum"):
        measures[most] = -np.inf
    measures["near_low"], measures["near_high"] = NEAR_TWICE * bound, (1 + ROUNDING) * bound
    measures["sum_tolerance"], measures["grid_tolerance"] = SUM_TOLERANCE, GRID_TOLERANCE
    measures["first_fractional"] = -1
    return measures


def _read_measures(measures: NDArray[np.void], values: int, pixels: int) -> ValueCounts:
    """Return what the kernels counted. -0.0 becomes 0.0, as in the reference."""
    return ValueCounts(
        values=values,
        pixels=pixels,
        minimum=float(measures["lowest"]) + 0.0,
        maximum=float(measures["highest"]) + 0.0,
        fractional=int(measures["fractional"]),
        outside_unit=int(measures["outside_unit"]),
        at_least_one=int(measures["at_least_one"]),
        off_255_grid=values - int(measures["on_255_grid"]),
        sum_off=pixels - int(measures["sum_is_one"]),
        all_zero=int(measures["all_zero"]),
        one_hot=int(measures["one_hot"]),
        ties=int(measures["ties"]),
        near_twice=int(measures["near_twice"]),
        minimum_top=float(measures["lowest_top"]) + 0.0,
        minimum_sum=float(measures["least_sum"]) + 0.0,
        maximum_sum=float(measures["largest_sum"]) + 0.0,
    )


def _encode_classes(ids: NDArray[np.uint8], *, void: bool) -> EncodedLabels:
    if not void:
        return EncodedLabels(ids, np.arange(256), 0, ids)
    table = np.arange(256)
    table[NO_CLASS:] = encode_no_class(table[: 256 - NO_CLASS])
    return EncodedLabels(ids, table, NO_CLASS, table[ids])
