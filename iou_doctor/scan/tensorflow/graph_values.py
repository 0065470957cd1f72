"""Compare floats in a TensorFlow graph by keys: integers in the order of the floats.

Importing this file, or any other `graph_*.py`, imports TensorFlow. They compute the same as the
functions in `scan/numpy` bit for bit, as graphs. TensorFlow's threads flush subnormal floats to
zero, and NaN compares as neither smaller nor larger; integer keys avoid both. -0.0 has the key of
0.0.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from iou_doctor.scan.numpy.values import GRID_TOLERANCE

Tensor: TypeAlias = tf.Tensor
"""An eager or symbolic tensor. TensorFlow 2.21 carries no types."""


class Scale(NamedTuple):
    """The keys of one float dtype."""

    integer: type[np.signedinteger]
    """The dtype of the keys."""
    floating: type[np.floating]
    """The dtype of the floats, of the same width."""

    def key(self, number: float) -> np.signedinteger:
        """Return the key of a number of 0 or more, rounded to the dtype."""
        key: np.signedinteger = np.array([number], self.floating).view(self.integer)[0]
        return key

    @property
    def least(self) -> int:
        """The bits of -0.0: only the sign bit is set."""
        return np.iinfo(self.integer).min

    @property
    def infinite(self) -> np.signedinteger:
        """The key of Inf. The keys of NaN are larger, or smaller than its negative."""
        return self.key(np.inf)


SINGLE, DOUBLE = Scale(np.int32, np.float32), Scale(np.int64, np.float64)


def find_scale(keys: Tensor) -> Scale:
    """Return the scale of keys by their dtype."""
    return SINGLE if keys.dtype == tf.int32 else DOUBLE


def widen(values: Tensor) -> Tensor:
    """Return float16 and bfloat16 as float32, bool as uint8, and other dtypes unchanged."""
    if values.dtype == tf.bool:
        return tf.cast(values, tf.uint8)
    if values.dtype == tf.bfloat16:  # a cast would flush subnormal values to zero
        bits = tf.cast(tf.bitcast(values, tf.uint16), tf.uint32)
        return tf.bitcast(tf.bitwise.left_shift(bits, tf.constant(16, tf.uint32)), tf.float32)
    return tf.cast(values, tf.float32) if values.dtype == tf.float16 else values


def make_keys(values: Tensor) -> tuple[Tensor, Tensor, Scale]:
    """Return the bits and the keys of float32 or float64."""
    scale = SINGLE if values.dtype == tf.float32 else DOUBLE
    bits = tf.bitcast(values, scale.integer)
    size = tf.bitwise.bitwise_and(bits, np.iinfo(scale.integer).max)
    return bits, tf.where(bits < 0, -size, size), scale


class Value:
    """One value of each pixel, or one channel of it, with its bits and its key."""

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self.bits, self.key, self.scale = make_keys(values)
        top = self.scale.infinite
        self.nan = (self.key > top) | (self.key < -top)
        self.finite = (self.key < top) & (self.key > -top)

    def is_fractional(self) -> Tensor:
        """Return where a finite value is not an integer."""
        one = self.scale.key(1.0)
        inside = (self.key < one) & (self.key > -one) & (self.key != 0)
        return self.finite & (inside | (self.values != truncate(self.values)))

    def is_on_grid(self) -> Tensor:
        """Return where a finite value is k/255, in float32 as in `scan/numpy/values.py`."""
        scaled = tf.cast(self.values, tf.float32) * np.float32(255)
        size = tf.abs(
            scaled
        )  # the absolute value also keeps compilers from fusing product and difference
        near = tf.abs(size - tf.math.rint(size)) <= np.float32(GRID_TOLERANCE)
        return self.finite & near & (scaled > -0.5) & (scaled < 255.5)

    def make_keras_key(self) -> Tensor:
        """Return keys for `argmax_like_keras`: NaN is the smallest value, and -0.0 is below 0.0."""
        tiny = self.scale.key(float(np.finfo(self.scale.floating).tiny))
        key = tf.where(self.bits == self.scale.least, -tiny, self.key)
        return tf.where(self.nan, -self.scale.infinite, key)

    def as_float64(self) -> Tensor:
        """Return the values as float64, subnormal floats included."""
        wide = tf.cast(self.values, tf.float64)
        if self.scale is DOUBLE:
            return wide
        tiny = self.scale.key(float(np.finfo(np.float32).tiny))
        small = (self.key < tiny) & (self.key > -tiny)
        return tf.where(small, tf.cast(self.key, tf.float64) * 2.0**-149, wide)


def truncate(values: Tensor) -> Tensor:
    """Return floats rounded toward zero."""
    return tf.where(values < 0, tf.math.ceil(values), tf.math.floor(values))


def decode_key(key: int, scale: Scale) -> float:
    """Return the float that a key stands for."""
    size = float(np.array(abs(int(key)), scale.integer).view(scale.floating))
    return -size if key < 0 else size
