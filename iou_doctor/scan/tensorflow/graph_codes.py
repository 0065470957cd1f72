"""Decode values as codes of labels in a TensorFlow graph; see `graph_values.py`."""

from __future__ import annotations

from functools import reduce

import numpy as np
import tensorflow as tf

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.scan.tensorflow.graph_values import DOUBLE, SINGLE, Tensor, Value, truncate

BINS, TENTHS = 18, 10
"""The number of codes of the two decodings. The next code stands for NaN."""


def encode_values(
    decoding: LabelDecoding, values: Tensor, low: Tensor, width: Tensor, *, threshold: float
) -> Tensor:
    """Return codes for values without channels, int32.

    Args:
        decoding: LABELS, TIMES_255, BINS or TENTHS.
        values: the result of `widen`: any integer dtype, float32 or float64.
        low: int64, the smallest label that has a code.
        width: int32, the number of labels with a code, a power of two. The same number of codes
            stands for fractions, and a last one for NaN and Inf. An integer outside the range
            gets the last code, a float outside it an arbitrary one.
        threshold: the threshold of BINS.
    """
    if decoding in {LabelDecoding.BINS, LabelDecoding.TENTHS}:
        return _compare_thresholds(decoding, values, threshold)
    if decoding is LabelDecoding.TIMES_255:
        floats = values if values.dtype.is_floating else tf.cast(values, tf.float64)
        value = Value(tf.math.rint(Value(floats).as_float64() * 255))
    elif not values.dtype.is_floating:
        return _encode_integers(values, low, width)
    else:
        value = Value(values)
    whole = truncate(value.values)
    near = tf.where(tf.abs(whole) <= 2.0**40, whole, tf.zeros_like(whole))
    code = _wrap(tf.cast(near, tf.int64) - low, width)
    code = tf.where(value.is_fractional(), code + width, code)
    return tf.where(value.finite, code, 2 * width)


def _encode_integers(values: Tensor, low: Tensor, width: Tensor) -> Tensor:
    labels = tf.cast(values, tf.int64)
    code = labels - low
    inside = (code >= 0) & (code < tf.cast(width, tf.int64))
    if values.dtype == tf.uint64:  # values from 2**63 become negative
        inside &= labels >= 0
    return tf.where(inside, tf.cast(code, tf.int32), 2 * width)


def _wrap(code: Tensor, width: Tensor) -> Tensor:
    """Return codes as int32. Codes outside the range become arbitrary ones inside it."""
    return tf.bitwise.bitwise_and(tf.cast(code, tf.int32), width - 1)


def _compare_thresholds(decoding: LabelDecoding, values: Tensor, threshold: float) -> Tensor:
    value = Value(tf.cast(values, tf.float32))
    cuts = [tenth / 10 for tenth in range(1, 10)]
    if decoding is LabelDecoding.TENTHS:
        code = _count_flags([value.key >= SINGLE.key(cut) for cut in cuts])
        return tf.where(value.nan, TENTHS, code)
    above, below = _find_signs(values, value)
    code = 3 * (1 + tf.cast(above, tf.int32) - tf.cast(below, tf.int32))
    cut = np.float32(threshold)
    if cut == 0:
        code += 1 + tf.cast(above, tf.int32) - tf.cast(below, tf.int32)
    else:
        key = SINGLE.key(float(cut)) if cut > 0 else -SINGLE.key(-float(cut))
        code += _count_flags([value.key > key, value.key >= key])
    code += tf.where(value.key > SINGLE.key(1.0), 9, 0)
    return tf.where(value.nan, BINS, code)


def _find_signs(values: Tensor, single: Value) -> tuple[Tensor, Tensor]:
    """Return where the values in float32 are above and below 0, without flushing any to 0."""
    if values.dtype != tf.float64:
        return single.key > 0, single.key < 0
    double = Value(values)
    half = DOUBLE.key(2.0**-150)  # half the smallest float32: rounds to even, which is 0
    return double.key > half, double.key < -half


def _count_flags(flags: list[Tensor]) -> Tensor:
    return reduce(tf.add, (tf.cast(flag, tf.int32) for flag in flags))
