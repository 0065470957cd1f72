"""Counts and extremes over pixels, as a TensorFlow graph; see `graph_values.py`.

They are made in two steps: XLA gives one number for each group of pixels, `whole` makes one of
these. XLA alone would cut a longer sum into a tree, and write all that is to be added to memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from iou_doctor.counts.value_counts import SUM_TOLERANCE, compute_double_activation_bound
from iou_doctor.scan.numpy.values import NEAR_TWICE, ROUNDING
from iou_doctor.scan.tensorflow.graph_pixels import Pixels, extract_byte
from iou_doctor.scan.tensorflow.graph_values import Tensor, find_scale

Counts = dict[str, Tensor]

GROUP = 32
"""Pixels of a group. XLA fuses sums over up to 32 with what they add up: 16 ns a pixel for the
counts of 21 channels on two cores, and 80 with 64 pixels."""
NO_PIXEL = np.int32(2**31 - 1)


def mask_padding(shape: Tensor, real: Tensor) -> Tensor:
    """Return which pixels are no padding, shape (n, pixels); `real`: how many, along each."""
    rows = tf.range(shape[0]) < real[0]
    return rows[:, tf.newaxis] & (tf.range(shape[1]) < real[1])


def find_label_extremes(labels: Tensor, real: Tensor, often: Tensor, low: Tensor) -> Counts:
    """Return the extremes of integer labels, int64; their table tells the rest.

    The table tells the extremes too, where all labels have a code, and then nobody looks at the
    labels again. Not for XLA, which takes several times as long as TensorFlow for extremes alone.

    Args:
        labels: integers, shape (n, pixels).
        real: int32, shape (2,), how many samples and pixels are no padding.
        often: how often each code occurs; the last one is that of labels without a code.
        low: int64, the label of the first code.
    """

    def told() -> tuple[Tensor, Tensor]:
        seen = tf.where(often > 0)
        return low + tf.reduce_min(seen), low + tf.reduce_max(seen)

    def sought() -> tuple[Tensor, Tensor]:
        own = labels[: real[0], : real[1]]
        return combine_groups("minimum", own), combine_groups("maximum", own)

    minimum, maximum = tf.cond(often[-1] > 0, sought, told)
    return {"minimum": minimum, "maximum": maximum}


def total_groups(pixels: Pixels, real: Tensor, channels: int, *, floating: bool) -> Counts:
    """Return counts and extremes of each group: a batch has fewer than 2**31 values.

    Args:
        pixels: of all pixels.
        real: int32, shape (2,), how many samples and pixels are no padding.
        channels: the number of values of each pixel.
        floating: whether `low`, `high` and `top` are keys of floats.
    """
    kept = mask_padding(tf.shape(pixels.marks), real)
    marks, odd = (tf.where(kept, packed, 0) for packed in (pixels.marks, pixels.odd))
    counts = {
        "minimum": _lowest(pixels.low, kept),
        "maximum": _highest(pixels.high, kept),
        "outside_finite": _total(extract_byte(marks, 2)),
        "at_least_one": _total(extract_byte(marks, 3)),
    }
    if channels > 1:
        counts |= _pixel_totals(pixels, kept, floating=floating)
    if not floating:
        return counts
    scale = find_scale(pixels.top)
    most = compute_double_activation_bound(max(2, channels))
    near = [scale.key(NEAR_TWICE * most), scale.key((1 + ROUNDING) * most)]
    no_nan = kept & (extract_byte(odd, 0) == 0)
    return counts | {
        "near_twice": _number((pixels.top >= near[0]) & (pixels.top <= near[1]) & no_nan),
        "nan": _total(extract_byte(odd, 0)),
        "not_finite": _total(extract_byte(odd, 1)),
        "fractional": _total(extract_byte(marks, 0)),
        "on_grid": _total(extract_byte(marks, 1)),
        "first_fractional": _first(extract_byte(marks, 0) > 0),
        "first_non_finite": _first(extract_byte(odd, 1) > 0),
    }


def _pixel_totals(pixels: Pixels, kept: Tensor, *, floating: bool) -> Counts:
    filled, sums, tops = extract_byte(pixels.odd, 2), pixels.sums, kept
    one: Any = tf.constant(1, pixels.top.dtype)
    no_nan = kept & (extract_byte(pixels.odd, 0) == 0)
    if floating:
        scale = find_scale(pixels.top)
        one = scale.key(1.0)
        tops = no_nan & (pixels.top < scale.infinite) & (pixels.top > -scale.infinite)
    finite = kept & tf.math.is_finite(sums)
    return {
        "sum_on": _number((tf.abs(sums - 1) <= SUM_TOLERANCE) & kept),
        "one_hot": _number((pixels.top == one) & (sums == 1) & (filled == 1) & kept),
        "ties": _number((extract_byte(pixels.odd, 3) > 1) & no_nan),
        "all_zero": _number((filled == 0) & kept),
        "minimum_top": _lowest(pixels.top, tops),
        "minimum_sum": _lowest(sums, finite),
        "maximum_sum": _highest(sums, finite),
        "finite_tops": _number(tops),
        "finite_sums": _number(finite),
    }


def combine_groups(name: str, numbers: Tensor) -> Tensor:
    """Return one number for all groups, int64; of float64 its bits."""
    if name.startswith(("minimum", "first")):
        number = tf.reduce_min(numbers)
    elif name.startswith("maximum"):
        number = tf.reduce_max(numbers)
    else:
        number = tf.reduce_sum(numbers)
    return tf.bitcast(number, tf.int64) if number.dtype == tf.float64 else tf.cast(number, tf.int64)


def _groups(values: Tensor, neutral: Any) -> Tensor:
    """Return values as (groups, GROUP), the last group filled up."""
    missing = -tf.size(values) % GROUP
    flat = tf.pad(tf.reshape(values, [-1]), [[0, missing]], constant_values=neutral)
    return tf.reshape(flat, [-1, GROUP])


def _total(counts: Tensor) -> Tensor:
    return tf.reduce_sum(_groups(counts, 0), axis=1)


def _number(flags: Tensor) -> Tensor:
    return _total(tf.cast(flags, tf.int32))


def _first(flags: Tensor) -> Tensor:
    """Return the number of the first pixel with a flag, or `NO_PIXEL`."""
    places = tf.range(tf.size(flags))
    found = tf.where(tf.reshape(flags, [-1]), places, NO_PIXEL)
    return tf.reduce_min(_groups(found, NO_PIXEL), axis=1)


def _lowest(values: Tensor, where: Tensor) -> Tensor:
    most = values.dtype.max
    return tf.reduce_min(_groups(tf.where(where, values, most), most), axis=1)


def _highest(values: Tensor, where: Tensor) -> Tensor:
    least = values.dtype.min
    return tf.reduce_max(_groups(tf.where(where, values, least), least), axis=1)
