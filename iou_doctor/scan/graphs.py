"""What a batch holds, as a TensorFlow graph: the reference's functions, equal to them bit for bit.

Importing this file imports TensorFlow. Floats are compared by keys: integers in the order of the
floats, with -0.0 beside 0.0. TensorFlow's threads flush floats below the smallest normal one to
zero, and NaN compares with nothing; integers do neither. Channels are unrolled, so that XLA fuses
all that a pixel needs into one loop that reads each value once.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from iou_doctor.derivation import Derivation
from iou_doctor.scan.values import GRID_TOLERANCE, NEAR_TWICE, ROUNDING, SUM_TOLERANCE
from iou_doctor.value_counts import twice_bound

Tensor = Any
Counts = dict[str, Tensor]

BINS, TENTHS = 18, 10
"""Codes of the two derivations; the next one stands for NaN."""
NO_PIXEL = np.int32(2**31 - 1)


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


def _sum(flags: list[Tensor]) -> Tensor:
    return reduce(tf.add, (tf.cast(flag, tf.int32) for flag in flags))


class Value:
    """One value of each pixel, or one channel of it; what is derived from it, made when asked."""

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self.bits, self.key, self.scale = keys_of(values)
        top = self.scale.infinite
        self.nan = (self.key > top) | (self.key < -top)
        self.finite = (self.key < top) & (self.key > -top)

    def fractional(self) -> Tensor:
        """Return where a finite value is no whole number."""
        one = self.scale.key(1.0)
        inside = (self.key < one) & (self.key > -one) & (self.key != 0)
        return self.finite & (inside | (self.values != truncated(self.values)))

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

    def wide(self) -> Tensor:
        """Return float64, floats below the smallest normal one included."""
        wide = tf.cast(self.values, tf.float64)
        if self.scale is DOUBLE:
            return wide
        tiny = self.scale.key(float(np.finfo(np.float32).tiny))
        small = (self.key < tiny) & (self.key > -tiny)
        return tf.where(small, tf.cast(self.key, tf.float64) * 2.0**-149, wide)


def truncated(values: Tensor) -> Tensor:
    """Return floats rounded toward zero."""
    return tf.where(values < 0, tf.math.ceil(values), tf.math.floor(values))


class Pixels(NamedTuple):
    """What the channels of each pixel show together; every field has shape (n, pixels).

    Four counts of channels share one integer, a byte each: less to write and to read again.
    """

    marks: Tensor
    """Fractions; on the grid of 255; outside [0, 1] and finite; 1 or more and finite."""
    odd: Tensor
    """NaN; not finite; not zero; as large as the largest."""
    low: Tensor
    """The smallest finite key, or integer."""
    high: Tensor
    """The largest finite key, or integer."""
    top: Tensor
    """The largest key, or integer; NaN is passed over."""
    sums: Tensor
    winner: Tensor
    """The naive argmax, int32."""
    first_nan: Tensor

    def classes(self, derivation: Derivation, channels: int) -> Tensor:
        """Return codes for classes; from `channels` on they stand for pixels without one."""
        if derivation is Derivation.ARGMAX_LAST:
            return self.winner
        has_nan, all_zero = byte(self.odd, 0) > 0, byte(self.odd, 2) == 0
        if derivation is Derivation.ARGMAX_NAN:
            return tf.where(has_nan, self.first_nan, tf.where(all_zero, 0, self.winner))
        return tf.where(has_nan | all_zero, self.winner + channels, self.winner)


def byte(packed: Tensor, place: int) -> Tensor:
    """Return one of the four counts of a packed integer."""
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(packed, 8 * place), 255)


def _packed(*flags: list[Tensor]) -> Tensor:
    """Return how many channels have each flag."""
    parts = (
        tf.where(flag, np.int32(1 << 8 * place), 0)
        for place, channels in enumerate(flags)
        for flag in channels
    )
    return reduce(tf.add, parts)


def float_pixels(channels: list[Value]) -> Pixels:
    """Return what float channels show."""
    scale = channels[0].scale
    one, end = scale.key(1.0), scale.infinite
    safe = [tf.where(channel.nan, -end, channel.key) for channel in channels]
    top = reduce(tf.maximum, safe)
    return Pixels(
        marks=_packed(
            [channel.fractional() for channel in channels],
            [channel.on_grid() for channel in channels],
            [((c.key < 0) | (c.key > one)) & c.finite for c in channels],
            [(channel.key >= one) & channel.finite for channel in channels],
        ),
        odd=_packed(
            [channel.nan for channel in channels],
            [~channel.finite for channel in channels],
            [channel.key != 0 for channel in channels],
            [key == top for key in safe],
        ),
        # what is not finite must not be an extreme, so it takes the place of the other end
        low=reduce(tf.minimum, [tf.where(c.finite, c.key, end) for c in channels]),
        high=reduce(tf.maximum, [tf.where(c.finite, c.key, -end) for c in channels]),
        top=top,
        sums=reduce(tf.add, [channel.wide() for channel in channels]),
        winner=_argmax([channel.naive_key() for channel in channels]),
        first_nan=_argmax([tf.cast(channel.nan, tf.int32) for channel in channels]),
    )


def integer_pixels(channels: list[Tensor]) -> Pixels:
    """Return what integer channels show."""
    top = reduce(tf.maximum, channels)
    never = [tf.zeros_like(channels[0], tf.bool)]
    outside = [(channel < 0) | (channel > 1) for channel in channels]
    return Pixels(
        marks=_packed(never, never, outside, [channel >= 1 for channel in channels]),
        odd=_packed(
            *(never, never),
            [channel != 0 for channel in channels],
            [channel == top for channel in channels],
        ),
        low=reduce(tf.minimum, channels),
        high=top,
        top=top,
        sums=reduce(tf.add, [tf.cast(channel, tf.float64) for channel in channels]),
        winner=_argmax(channels),
        first_nan=tf.zeros_like(channels[0], tf.int32),
    )


def _argmax(channels: list[Tensor]) -> Tensor:
    """Return the first largest channel, int32."""
    best, winner = channels[0], tf.zeros_like(channels[0], tf.int32)
    for number, channel in enumerate(channels[1:], start=1):
        winner = tf.where(channel > best, number, winner)
        best = tf.maximum(channel, best)
    return winner


def label_totals(labels: Tensor, kept: Tensor | None) -> Counts:
    """Return the extremes of integer labels; their table tells the rest."""
    if kept is None:
        return {"minimum": tf.reduce_min(labels), "maximum": tf.reduce_max(labels)}
    return {"minimum": _lowest(labels, kept), "maximum": _highest(labels, kept)}


def totals(pixels: Pixels, kept: Tensor | None, channels: int, *, floating: bool) -> Counts:
    """Return counts and extremes over pixels: a batch has fewer than 2**31 values.

    Args:
        pixels: of all pixels.
        kept: which of them are no padding; `None`: all.
        channels: the number of values of each pixel.
        floating: whether `low`, `high` and `top` are keys of floats.
    """
    if kept is None:
        kept = tf.ones_like(pixels.marks, tf.bool)
    marks, odd = (tf.where(kept, packed, 0) for packed in (pixels.marks, pixels.odd))
    counts = {
        "minimum": _lowest(pixels.low, kept),
        "maximum": _highest(pixels.high, kept),
        "outside_finite": tf.reduce_sum(byte(marks, 2)),
        "at_least_one": tf.reduce_sum(byte(marks, 3)),
    }
    if channels > 1:
        counts |= _pixel_totals(pixels, kept, floating=floating)
    if not floating:
        return counts
    scale = SINGLE if pixels.top.dtype == tf.int32 else DOUBLE
    most = twice_bound(max(2, channels))
    near = [scale.key(NEAR_TWICE * most), scale.key((1 + ROUNDING) * most)]
    no_nan = kept & (byte(odd, 0) == 0)
    return counts | {
        "near_twice": _total((pixels.top >= near[0]) & (pixels.top <= near[1]) & no_nan),
        "nan": tf.reduce_sum(byte(odd, 0)),
        "not_finite": tf.reduce_sum(byte(odd, 1)),
        "fractional": tf.reduce_sum(byte(marks, 0)),
        "on_grid": tf.reduce_sum(byte(marks, 1)),
        "first_fractional": _first(byte(marks, 0) > 0),
        "first_non_finite": _first(byte(odd, 1) > 0),
    }


def _pixel_totals(pixels: Pixels, kept: Tensor, *, floating: bool) -> Counts:
    filled, sums, tops = byte(pixels.odd, 2), pixels.sums, kept
    one: Any = tf.constant(1, pixels.top.dtype)
    no_nan = kept & (byte(pixels.odd, 0) == 0)
    if floating:
        scale = SINGLE if pixels.top.dtype == tf.int32 else DOUBLE
        one = scale.key(1.0)
        tops = no_nan & (pixels.top < scale.infinite) & (pixels.top > -scale.infinite)
    finite = kept & tf.math.is_finite(sums)
    return {
        "sum_on": _total((tf.abs(sums - 1) <= SUM_TOLERANCE) & kept),
        "one_hot": _total((pixels.top == one) & (sums == 1) & (filled == 1) & kept),
        "ties": _total((byte(pixels.odd, 3) > 1) & no_nan),
        "all_zero": _total((filled == 0) & kept),
        "minimum_top": _lowest(pixels.top, tops),
        "minimum_sum": _lowest(sums, finite),
        "maximum_sum": _highest(sums, finite),
        "finite_tops": _total(tops),
        "finite_sums": _total(finite),
    }


def _total(flags: Tensor) -> Tensor:
    return tf.reduce_sum(tf.cast(flags, tf.int32))


def _first(flags: Tensor) -> Tensor:
    """Return the number of the first pixel with a flag, or `NO_PIXEL`."""
    places = tf.range(tf.size(flags))
    return tf.reduce_min(tf.where(tf.reshape(flags, [-1]), places, NO_PIXEL))


def _lowest(values: Tensor, where: Tensor) -> Tensor:
    return tf.reduce_min(tf.where(where, values, values.dtype.max))


def _highest(values: Tensor, where: Tensor) -> Tensor:
    return tf.reduce_max(tf.where(where, values, values.dtype.min))


def value_codes(
    derivation: Derivation, values: Tensor, low: Tensor, width: Tensor, *, threshold: float
) -> Tensor:
    """Return codes for values without channels, int32.

    Args:
        derivation: LABELS, TIMES_255, BINS or TENTHS.
        values: `widened`, any integer dtype, float32 or float64.
        low: int64, the smallest label that has a code.
        width: int64, the number of such labels, a power of two. As many codes again stand for
            fractions, one more for NaN and Inf; a label outside has any code.
        threshold: of BINS.
    """
    if derivation in {Derivation.BINS, Derivation.TENTHS}:
        return _cuts(derivation, values, threshold)
    if derivation is Derivation.TIMES_255:
        wide = values if values.dtype.is_floating else tf.cast(values, tf.float64)
        value = Value(tf.math.rint(Value(wide).wide() * 255))
    elif not values.dtype.is_floating:
        # the low bits of a difference are those of the low bits, and int32 is the faster
        return _within(tf.cast(values, tf.int32) - tf.cast(low, tf.int32), width)
    else:
        value = Value(values)
    whole = truncated(value.values)
    near = tf.where(tf.abs(whole) <= 2.0**40, whole, tf.zeros_like(whole))
    code = tf.cast(_within(tf.cast(near, tf.int64) - low, width), tf.int64)
    code = tf.where(value.fractional(), code + width, code)
    return tf.cast(tf.where(value.finite, code, 2 * width), tf.int32)


def _within(code: Tensor, width: Tensor) -> Tensor:
    """Return codes as int32, those outside the range as any within it."""
    return tf.bitwise.bitwise_and(tf.cast(code, tf.int32), tf.cast(width, tf.int32) - 1)


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
