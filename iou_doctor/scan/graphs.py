"""What a batch holds, as a TensorFlow graph: the reference's functions, equal to them bit for bit.

Importing this file imports TensorFlow. Floats are compared by keys: integers in the order of the
floats, with -0.0 beside 0.0. TensorFlow's threads flush floats below the smallest normal one to
zero, and NaN compares with nothing; integers do neither. Channels are unrolled, so that XLA fuses
all that a pixel needs into one loop that reads each value once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from iou_doctor.derivation import Derivation
from iou_doctor.scan.values import GRID_TOLERANCE, NEAR_TWICE, ROUNDING, SUM_TOLERANCE
from iou_doctor.stats import twice_bound

Tensor = Any
Counts = dict[str, Tensor]

BINS, TENTHS = 18, 10
"""Codes of the two derivations; the next one stands for NaN."""
NO_PIXEL = np.iinfo(np.int64).max


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
        return self.key(np.inf)


SINGLE, DOUBLE = Scale(np.int32, np.float32), Scale(np.int64, np.float64)


def widened(values: Tensor) -> Tensor:
    """Return float16 and bfloat16 as float32, bool as uint8, all others as they are."""
    if values.dtype == tf.bool:
        return tf.cast(values, tf.uint8)
    if values.dtype == tf.bfloat16:  # a cast would lose the smallest ones
        bits = tf.cast(tf.bitcast(values, tf.uint16), tf.uint32)
        return tf.bitcast(tf.bitwise.left_shift(bits, tf.constant(16, tf.uint32)), tf.float32)
    return tf.cast(values, tf.float32) if values.dtype == tf.float16 else values


def keys_of(values: Tensor) -> tuple[Tensor, Tensor, Scale]:
    """Return the bits and the keys of float32 or float64."""
    scale = SINGLE if values.dtype == tf.float32 else DOUBLE
    bits = tf.bitcast(values, scale.integer)
    size = tf.bitwise.bitwise_and(bits, np.iinfo(scale.integer).max)
    return bits, tf.where(bits < 0, -size, size), scale


class Value:
    """One value of each pixel, or one channel of it; what is derived from it, made when asked."""

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self.bits, self.key, self.scale = keys_of(values)
        top = self.scale.infinite
        self.nan = (self.key > top) | (self.key < -top)
        self.finite = (self.key < top) & (self.key > -top)

    def fractional(self) -> Tensor:
        one = self.scale.key(1.0)
        inside = (self.key < one) & (self.key > -one) & (self.key != 0)
        return self.finite & (inside | (self.values != truncated(self.values)))

    def on_grid(self) -> Tensor:
        """Return where a finite value is k/255, computed in float32 as the reference does."""
        scaled = tf.cast(self.values, tf.float32) * np.float32(255)
        size = tf.abs(scaled)  # also keeps compilers from fusing the product into the difference
        near = tf.abs(size - tf.math.rint(size)) <= np.float32(GRID_TOLERANCE)
        return self.finite & near & (scaled > -0.5) & (scaled < 255.5)

    def between(self, low: float, high: float) -> Tensor:
        return (self.key >= self.scale.key(low)) & (self.key <= self.scale.key(high))

    def naive_key(self) -> Tensor:
        """Return keys for the argmax that Keras finds: NaN is passed over, -0.0 below 0.0."""
        tiny = self.scale.key(np.finfo(self.scale.floating).tiny)
        key = tf.where(self.bits == self.scale.least, -tiny, self.key)
        return tf.where(self.nan, -self.scale.infinite, key)

    def wide(self) -> Tensor:
        """Return float64, floats below the smallest normal one included."""
        wide = tf.cast(self.values, tf.float64)
        if self.scale is DOUBLE:
            return wide
        tiny = self.scale.key(np.finfo(np.float32).tiny)
        small = (self.key < tiny) & (self.key > -tiny)
        return tf.where(small, tf.cast(self.key, tf.float64) * 2.0**-149, wide)


def truncated(values: Tensor) -> Tensor:
    """Return floats rounded toward zero."""
    return tf.where(values < 0, tf.math.ceil(values), tf.math.floor(values))


def total(flags: Tensor, kept: Tensor) -> Tensor:
    """Return how many of the pixels that count have a flag; a batch has fewer than 2**31 values."""
    return tf.reduce_sum(tf.cast(flags & kept, tf.int32))


def _sum(flags: list[Tensor]) -> Tensor:
    return reduce(tf.add, (tf.cast(flag, tf.int32) for flag in flags))


def _added(flags: list[Tensor], kept: Tensor) -> Tensor:
    return tf.reduce_sum(tf.where(kept, _sum(flags), 0))


def _first(flags: Tensor, kept: Tensor, places: Tensor) -> Tensor:
    return tf.reduce_min(tf.where(flags & kept, places, NO_PIXEL))


def _lowest(values: Tensor, where: Tensor) -> Tensor:
    return tf.reduce_min(tf.where(where, values, values.dtype.max))


def _highest(values: Tensor, where: Tensor) -> Tensor:
    return tf.reduce_max(tf.where(where, values, values.dtype.min))


def integer_counts(channels: list[Tensor], kept: Tensor) -> Counts:
    """Return extremes and counts of integers."""
    low, high = reduce(tf.minimum, channels), reduce(tf.maximum, channels)
    outside = [(channel < 0) | (channel > 1) for channel in channels]
    return {
        "minimum": _lowest(low, kept),
        "maximum": _highest(high, kept),
        "outside_unit": _added(outside, kept),
        "at_least_one": _added([channel >= 1 for channel in channels], kept),
    }


def float_counts(channels: list[Value], kept: Tensor, places: Tensor) -> Counts:
    """Return extremes and counts of floats; extremes as keys."""
    scale = channels[0].scale
    one = scale.key(1.0)
    fractional = [channel.fractional() for channel in channels]
    odd = reduce(tf.logical_or, [~channel.finite for channel in channels])
    outside = [(channel.key < 0) | (channel.key > one) for channel in channels]
    # what is not finite must not be an extreme, so it takes the place of the other end
    low = [tf.where(channel.finite, channel.key, scale.infinite) for channel in channels]
    high = [tf.where(channel.finite, channel.key, -scale.infinite) for channel in channels]
    return {
        "minimum": _lowest(reduce(tf.minimum, low), kept),
        "maximum": _highest(reduce(tf.maximum, high), kept),
        "nan": _added([channel.nan for channel in channels], kept),
        "not_finite": _added([~channel.finite for channel in channels], kept),
        "fractional": _added(fractional, kept),
        "outside_finite": _added(
            [flag & channel.finite for flag, channel in zip(outside, channels, strict=True)], kept
        ),
        "at_least_one": _added([(c.key >= one) & c.finite for c in channels], kept),
        "on_grid": _added([channel.on_grid() for channel in channels], kept),
        "first_fractional": _first(reduce(tf.logical_or, fractional), kept, places),
        "first_non_finite": _first(odd, kept, places),
    }


def _twice(value: Tensor, scale: Scale, classes: int) -> Tensor:
    most = twice_bound(classes)
    low, high = scale.key(NEAR_TWICE * most), scale.key((1 + ROUNDING) * most)
    return (value >= low) & (value <= high)


def near_twice(value: Value, kept: Tensor) -> Counts:
    """Return the count that values without channels have besides."""
    return {"near_twice": total(_twice(value.key, value.scale, 2), kept)}


class Pixels(NamedTuple):
    """What the channels of each pixel show together."""

    winner: Tensor
    """The naive argmax, int32."""
    has_nan: Tensor
    all_zero: Tensor
    first_nan: Tensor
    counts: Counts


def float_pixels(channels: list[Value], kept: Tensor) -> Pixels:
    """Return argmax and counts over pixels of float channels."""
    scale = channels[0].scale
    lowest = -scale.infinite
    has_nan = reduce(tf.logical_or, [channel.nan for channel in channels])
    safe = [tf.where(channel.nan, lowest, channel.key) for channel in channels]
    top = reduce(tf.maximum, safe)
    sums = reduce(tf.add, [channel.wide() for channel in channels])
    finite_top = (top < scale.infinite) & (top > lowest) & ~has_nan
    filled = _sum([channel.key != 0 for channel in channels])
    equal = _sum([key == top for key in safe])
    finite_sum = tf.math.is_finite(sums)
    counts = {
        "sum_on": total(tf.abs(sums - 1) <= SUM_TOLERANCE, kept),
        "one_hot": total((top == scale.key(1.0)) & (sums == 1) & (filled == 1), kept),
        "ties": total((equal > 1) & ~has_nan, kept),
        "near_twice": total(_twice(top, scale, len(channels)) & ~has_nan, kept),
        "all_zero": total(filled == 0, kept),
        "has_nan": total(has_nan, kept),
        "minimum_top": _lowest(top, finite_top & kept),
        "minimum_sum": _lowest(sums, finite_sum & kept),
        "maximum_sum": _highest(sums, finite_sum & kept),
        "finite_tops": total(finite_top, kept),
        "finite_sums": total(finite_sum, kept),
    }
    winner = _argmax([channel.naive_key() for channel in channels])
    first_nan = _argmax([tf.cast(channel.nan, tf.int32) for channel in channels])
    return Pixels(winner, has_nan, filled == 0, first_nan, counts)


def integer_pixels(channels: list[Tensor], kept: Tensor) -> Pixels:
    """Return argmax and counts over pixels of integer channels."""
    top = reduce(tf.maximum, channels)
    sums = reduce(tf.add, [tf.cast(channel, tf.float64) for channel in channels])
    filled = _sum([channel != 0 for channel in channels])
    counts = {
        "sum_on": total(tf.abs(sums - 1) <= SUM_TOLERANCE, kept),
        "one_hot": total((top == 1) & (sums == 1) & (filled == 1), kept),
        "ties": total(_sum([channel == top for channel in channels]) > 1, kept),
        "all_zero": total(filled == 0, kept),
        "minimum_top": _lowest(top, kept),
        "minimum_sum": _lowest(sums, kept),
        "maximum_sum": _highest(sums, kept),
    }
    never = tf.zeros_like(kept)
    return Pixels(_argmax(channels), never, filled == 0, tf.zeros_like(filled), counts)


def _argmax(channels: list[Tensor]) -> Tensor:
    """Return the first largest channel, int32."""
    best, winner = channels[0], tf.zeros_like(channels[0], tf.int32)
    for number, channel in enumerate(channels[1:], start=1):
        winner = tf.where(channel > best, number, winner)
        best = tf.maximum(channel, best)
    return winner


def class_codes(derivation: Derivation, pixels: Pixels, classes: int) -> Tensor:
    """Return codes for classes; from `classes` on they stand for pixels without one."""
    if derivation is Derivation.ARGMAX_LAST:
        return pixels.winner
    if derivation is Derivation.ARGMAX_NAN:
        found = tf.where(pixels.all_zero, 0, pixels.winner)
        return tf.where(pixels.has_nan, pixels.first_nan, found)
    return tf.where(pixels.has_nan | pixels.all_zero, pixels.winner + classes, pixels.winner)


def value_codes(
    derivation: Derivation, values: Tensor, low: Tensor, width: Tensor, *, threshold: float
) -> Tensor:
    """Return codes for values without channels, int32.

    Args:
        derivation: LABELS, TIMES_255, BINS or TENTHS.
        values: `widened`, any integer dtype, float32 or float64.
        low: int64, the smallest label that has a code.
        width: int64, the number of such labels. Twice as many codes stand for labels and for
            fractions, one more for NaN and Inf; a label outside has any code.
        threshold: of BINS.
    """
    if derivation in {Derivation.BINS, Derivation.TENTHS}:
        return _cuts(derivation, values, threshold)
    if derivation is Derivation.TIMES_255:
        wide = values if values.dtype.is_floating else tf.cast(values, tf.float64)
        value = Value(tf.math.rint(Value(wide).wide() * 255))
    elif not values.dtype.is_floating:
        return _within(tf.cast(values, tf.int64) - low, width)
    else:
        value = Value(values)
    whole = truncated(value.values)
    near = tf.where(tf.abs(whole) < 2.0**40, whole, tf.zeros_like(whole))
    code = tf.cast(_within(tf.cast(near, tf.int64) - low, width), tf.int64)
    code = tf.where(value.fractional(), code + width, code)
    return tf.cast(tf.where(value.finite, code, 2 * width), tf.int32)


def _within(code: Tensor, width: Tensor) -> Tensor:
    return tf.cast(tf.where((code >= 0) & (code < width), code, 0), tf.int32)


def _cuts(derivation: Derivation, values: Tensor, threshold: float) -> Tensor:
    value = Value(tf.cast(values, tf.float32))
    cuts = [tenth / 10 for tenth in range(1, 10)]
    if derivation is Derivation.TENTHS:
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
    wide = Value(values)
    half = DOUBLE.key(2.0**-150)  # half the smallest float32: rounds to even, which is 0
    return wide.key > half, wide.key < -half


def read_key(key: Any, scale: Scale) -> float:
    """Return the float that has a key."""
    size = float(np.array(abs(int(key)), scale.integer).view(scale.floating))
    return -size if key < 0 else size


Codes = Mapping[Derivation, Tensor]
