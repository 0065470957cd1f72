"""Count pixels and find extremes in a TensorFlow graph; see `graph_values.py`.

This takes two steps: XLA gives one number for each group of pixels, and `combine_groups` combines
them. XLA alone would split a long sum into a tree and write all of its terms to memory.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from iou_doctor.counts.value_counts import SUM_TOLERANCE, compute_double_activation_bound
from iou_doctor.scan.numpy.values import NEAR_TWICE, ROUNDING
from iou_doctor.scan.tensorflow.graph_pixels import Pixels, extract_byte
from iou_doctor.scan.tensorflow.graph_values import Tensor, find_scale

Counts = dict[str, Tensor]

PIXELS_IN_A_GROUP = 32
"""Pixels in a group. XLA fuses sums over up to 32 terms with the computation of the terms: counting
21 channels takes 16 ns for each pixel on two cores, and 80 ns with groups of 64 pixels."""
NO_PIXEL = np.int32(2**31 - 1)
"""Stands for "no pixel" where the first pixel of some kind is searched."""


def mask_padding(shape: Tensor, real: Tensor) -> Tensor:
    """Return which pixels are not padding, shape (n, pixels).

    Args:
        shape: int32, the shape with padding.
        real: int32, shape (2,), the number of samples and pixels that are not padding.
    """
    rows = tf.range(shape[0]) < real[0]
    return rows[:, tf.newaxis] & (tf.range(shape[1]) < real[1])


def find_label_extremes(labels: Tensor, real: Tensor, often: Tensor, low: Tensor) -> Counts:
    """Return the extremes of integer labels, int64. All other counts follow from their table.

    If all labels have a code, the extremes follow from the table too, and the labels are not read
    again. This is not compiled by XLA, which takes several times as long for extremes.

    Args:
        labels: integers, shape (n, pixels).
        real: int32, shape (2,), the number of samples and pixels that are not padding.
        often: how often each code occurs. The last code is that of labels without a code.
        low: int64, the label of the first code.
    """

    def read_table() -> tuple[Tensor, Tensor]:
        seen = tf.where(often > 0)
        return low + tf.reduce_min(seen), low + tf.reduce_max(seen)

    def search_labels() -> tuple[Tensor, Tensor]:
        own = labels[: real[0], : real[1]]
        return combine_groups("minimum", own), combine_groups("maximum", own)

    minimum, maximum = tf.cond(often[-1] > 0, search_labels, read_table)
    return {"minimum": minimum, "maximum": maximum}


def total_groups(pixels: Pixels, real: Tensor, channels: int, *, floating: bool) -> Counts:
    """Return the counts and extremes of each group. A batch has fewer than 2**31 values.

    Args:
        pixels: the summaries of all pixels.
        real: int32, shape (2,), the number of samples and pixels that are not padding.
        channels: the number of values of each pixel.
        floating: whether `low`, `high` and `top` are keys of floats.
    """
    kept = mask_padding(tf.shape(pixels.marks), real)
    marks, odd = (tf.where(kept, packed, 0) for packed in (pixels.marks, pixels.odd))
    counts = {
        "minimum": _find_lowest(pixels.low, kept),
        "maximum": _find_highest(pixels.high, kept),
        "outside_finite": _sum(extract_byte(marks, 2)),
        "at_least_one": _sum(extract_byte(marks, 3)),
    }
    if channels > 1:
        counts |= _total_pixels(pixels, kept, floating=floating)
    if not floating:
        return counts
    scale = find_scale(pixels.top)
    most = compute_double_activation_bound(max(2, channels))
    near = [scale.key(NEAR_TWICE * most), scale.key((1 + ROUNDING) * most)]
    no_nan = kept & (extract_byte(odd, 0) == 0)
    return counts | {
        "near_twice": _count((pixels.top >= near[0]) & (pixels.top <= near[1]) & no_nan),
        "nan": _sum(extract_byte(odd, 0)),
        "not_finite": _sum(extract_byte(odd, 1)),
        "fractional": _sum(extract_byte(marks, 0)),
        "on_grid": _sum(extract_byte(marks, 1)),
        "first_fractional": _find_first(extract_byte(marks, 0) > 0),
        "first_non_finite": _find_first(extract_byte(odd, 1) > 0),
    }


def _total_pixels(pixels: Pixels, kept: Tensor, *, floating: bool) -> Counts:
    filled, sums, tops = extract_byte(pixels.odd, 2), pixels.sums, kept
    one: np.signedinteger | Tensor = tf.constant(1, pixels.top.dtype)
    no_nan = kept & (extract_byte(pixels.odd, 0) == 0)
    if floating:
        scale = find_scale(pixels.top)
        one = scale.key(1.0)
        tops = no_nan & (pixels.top < scale.infinite) & (pixels.top > -scale.infinite)
    finite = kept & tf.math.is_finite(sums)
    return {
        "sum_on": _count((tf.abs(sums - 1) <= SUM_TOLERANCE) & kept),
        "one_hot": _count((pixels.top == one) & (sums == 1) & (filled == 1) & kept),
        "ties": _count((extract_byte(pixels.odd, 3) > 1) & no_nan),
        "all_zero": _count((filled == 0) & kept),
        "minimum_top": _find_lowest(pixels.top, tops),
        "minimum_sum": _find_lowest(sums, finite),
        "maximum_sum": _find_highest(sums, finite),
        "finite_tops": _count(tops),
        "finite_sums": _count(finite),
    }


def combine_groups(name: str, numbers: Tensor) -> Tensor:
    """Return one number for all groups, int64. A float64 is returned as its bits."""
    if name.startswith(("minimum", "first")):
        number = tf.reduce_min(numbers)
    elif name.startswith("maximum"):
        number = tf.reduce_max(numbers)
    else:
        number = tf.reduce_sum(numbers)
    return tf.bitcast(number, tf.int64) if number.dtype == tf.float64 else tf.cast(number, tf.int64)


def _split_groups(values: Tensor, neutral: object) -> Tensor:
    """Return the values as (groups, PIXELS_IN_A_GROUP), with the last group filled up."""
    missing = -tf.size(values) % PIXELS_IN_A_GROUP
    flat = tf.pad(tf.reshape(values, [-1]), [[0, missing]], constant_values=neutral)
    return tf.reshape(flat, [-1, PIXELS_IN_A_GROUP])


def _sum(counts: Tensor) -> Tensor:
    return tf.reduce_sum(_split_groups(counts, 0), axis=1)


def _count(flags: Tensor) -> Tensor:
    return _sum(tf.cast(flags, tf.int32))


def _find_first(flags: Tensor) -> Tensor:
    """Return the number of the first pixel with a flag, or `NO_PIXEL`."""
    places = tf.range(tf.size(flags))
    found = tf.where(tf.reshape(flags, [-1]), places, NO_PIXEL)
    return tf.reduce_min(_split_groups(found, NO_PIXEL), axis=1)


def _find_lowest(values: Tensor, where: Tensor) -> Tensor:
    most = values.dtype.max
    return tf.reduce_min(_split_groups(tf.where(where, values, most), most), axis=1)


def _find_highest(values: Tensor, where: Tensor) -> Tensor:
    least = values.dtype.min
    return tf.reduce_max(_split_groups(tf.where(where, values, least), least), axis=1)
