"""From values to codes of derived labels, as a TensorFlow graph; see `graph_values.py`."""

from __future__ import annotations

from functools import reduce

import numpy as np
import tensorflow as tf

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.scan.tensorflow.graph_values import DOUBLE, SINGLE, Tensor, Value, truncate

BINS, TENTHS = 18, 10
"""Codes of the two derivations; the next one stands for NaN."""


def encode_values(
    decoding: LabelDecoding, values: Tensor, low: Tensor, width: Tensor, *, threshold: float
) -> Tensor:
    """Return codes for values without channels, int32.

    Args:
        decoding: LABELS, TIMES_255, BINS or TENTHS.
        values: `widened`, any integer dtype, float32 or float64.
        low: int64, the smallest label that has a code.
        width: int32, the number of such labels, a power of two. As many codes again stand for
            fractions, one more for NaN and Inf. An integer outside has that last code too, a
            float outside has any.
        threshold: of BINS.
    """
    if decoding in {LabelDecoding.BINS, LabelDecoding.TENTHS}:
        return _cuts(decoding, values, threshold)
    if decoding is LabelDecoding.TIMES_255:
        as_int64 = values if values.dtype.is_floating else tf.cast(values, tf.float64)
        value = Value(tf.math.rint(Value(as_int64).as_int64() * 255))
    elif not values.dtype.is_floating:
        return _integer_code(values, low, width)
    else:
        value = Value(values)
    whole = truncate(value.values)
    near = tf.where(tf.abs(whole) <= 2.0**40, whole, tf.zeros_like(whole))
    code = _within(tf.cast(near, tf.int64) - low, width)
    code = tf.where(value.fractional(), code + width, code)
    return tf.where(value.finite, code, 2 * width)


def _integer_code(values: Tensor, low: Tensor, width: Tensor) -> Tensor:
    as_int64 = tf.cast(values, tf.int64)
    code = as_int64 - low
    inside = (code >= 0) & (code < tf.cast(width, tf.int64))
    if values.dtype == tf.uint64:  # its upper half comes out negative
        inside &= as_int64 >= 0
    return tf.where(inside, tf.cast(code, tf.int32), 2 * width)


def _within(code: Tensor, width: Tensor) -> Tensor:
    """Return codes as int32, those outside the range as any within it."""
    return tf.bitwise.bitwise_and(tf.cast(code, tf.int32), width - 1)


def _cuts(decoding: LabelDecoding, values: Tensor, threshold: float) -> Tensor:
    value = Value(tf.cast(values, tf.float32))
    cuts = [tenth / 10 for tenth in range(1, 10)]
    if decoding is LabelDecoding.TENTHS:
        code = _sum([value.key >= SINGLE.key(cut) for cut in cuts])
        return tf.where(value.nan, TENTHS, code)
    above, below = _signs(values, value)
    code = 3 * (1 + tf.cast(above, tf.int32) - tf.cast(below, tf.int32))
    cut = np.float32(threshold)
    if cut == 0:
        code += 1 + tf.cast(above, tf.int32) - tf.cast(below, tf.int32)
    else:
        key = SINGLE.key(float(cut)) if cut > 0 else -SINGLE.key(-float(cut))
        code += _sum([value.key > key, value.key >= key])
    code += tf.where(value.key > SINGLE.key(1.0), 9, 0)
    return tf.where(value.nan, BINS, code)


def _signs(values: Tensor, single: Value) -> tuple[Tensor, Tensor]:
    """Return where float32 of the values is above and below 0, though a cast may flush it to 0."""
    if values.dtype != tf.float64:
        return single.key > 0, single.key < 0
    as_int64 = Value(values)
    half = DOUBLE.key(2.0**-150)  # half the smallest float32: rounds to even, which is 0
    return as_int64.key > half, as_int64.key < -half


def _sum(flags: list[Tensor]) -> Tensor:
    return reduce(tf.add, (tf.cast(flag, tf.int32) for flag in flags))
