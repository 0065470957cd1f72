"""Floats in a TensorFlow graph, compared by keys: integers in the order of the floats.

Importing this file imports TensorFlow, as all of `graph_*.py` do: the reference's functions as
graphs, equal to it bit for bit. TensorFlow's threads flush floats below the smallest normal one
to zero, and NaN compares with nothing; integers do neither. -0.0 has the key of 0.0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from iou_doctor.scan.numpy.values import GRID_TOLERANCE

Tensor = Any


class Scale(NamedTuple):
    """The keys of one float dtype."""

    integer: Any
    floating: Any

    def key(self, number: float) -> Any:
        """Return the key of a number of 0 or more, rounded to the dtype."""
        return np.array(number, self.floating).view(self.integer)[()]

    @property
    def least(self) -> Any:
        """The bits of -0.0: the sign alone."""
        return np.iinfo(self.integer).min

    @property
    def infinite(self) -> Any:
        """The key of Inf; those of NaN lie beyond."""
        return self.key(np.inf)


SINGLE, DOUBLE = Scale(np.int32, np.float32), Scale(np.int64, np.float64)


def find_scale(keys: Tensor) -> Scale:
    """Return the scale that keys are on."""
    return SINGLE if keys.dtype == tf.int32 else DOUBLE


def widen(values: Tensor) -> Tensor:
    """Return float16 and bfloat16 as float32, bool as uint8, all others as they are."""
    if values.dtype == tf.bool:
        return tf.cast(values, tf.uint8)
    if values.dtype == tf.bfloat16:  # a cast would lose the smallest ones
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
    """One value of each pixel, or one channel of it; what is derived from it, made when asked."""

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self.bits, self.key, self.scale = make_keys(values)
        top = self.scale.infinite
        self.nan = (self.key > top) | (self.key < -top)
        self.finite = (self.key < top) & (self.key > -top)

    def fractional(self) -> Tensor:
        """Return where a finite value is no whole number."""
        one = self.scale.key(1.0)
        inside = (self.key < one) & (self.key > -one) & (self.key != 0)
        return self.finite & (inside | (self.values != truncate(self.values)))

    def on_grid(self) -> Tensor:
        """Return where a finite value is k/255, computed in float32 as the reference does."""
        scaled = tf.cast(self.values, tf.float32) * np.float32(255)
        size = tf.abs(scaled)  # also keeps compilers from fusing the product into the difference
        near = tf.abs(size - tf.math.rint(size)) <= np.float32(GRID_TOLERANCE)
        return self.finite & near & (scaled > -0.5) & (scaled < 255.5)

    def naive_key(self) -> Tensor:
        """Return keys for the argmax that Keras finds: NaN is passed over, -0.0 below 0.0."""
        tiny = self.scale.key(float(np.finfo(self.scale.floating).tiny))
        key = tf.where(self.bits == self.scale.least, -tiny, self.key)
        return tf.where(self.nan, -self.scale.infinite, key)

    def as_int64(self) -> Tensor:
        """Return float64, floats below the smallest normal one included."""
        as_int64 = tf.cast(self.values, tf.float64)
        if self.scale is DOUBLE:
            return as_int64
        tiny = self.scale.key(float(np.finfo(np.float32).tiny))
        small = (self.key < tiny) & (self.key > -tiny)
        return tf.where(small, tf.cast(self.key, tf.float64) * 2.0**-149, as_int64)


def truncate(values: Tensor) -> Tensor:
    """Return floats rounded toward zero."""
    return tf.where(values < 0, tf.math.ceil(values), tf.math.floor(values))


def decode_key(key: Any, scale: Scale) -> float:
    """Return the float that has a key."""
    size = float(np.array(abs(int(key)), scale.integer).view(scale.floating))
    return -size if key < 0 else size
