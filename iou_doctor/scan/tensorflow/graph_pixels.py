"""What the channels of each pixel show together, as a TensorFlow graph; see `graph_values.py`.

Channels are unrolled, and every field is one chain of operations over them that ends in a number
for each pixel. XLA fuses such a chain into one loop that reads each value once and writes nothing
between. A chain that needs the end of another, as a comparison of all channels with the largest
would, breaks that: the keys of all channels are then written to memory.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.scan.tensorflow.graph_values import Tensor, Value


class Pixels(NamedTuple):
    """What is counted over all pixels; every field has shape (n, pixels).

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


def extract_byte(packed: Tensor, place: int) -> Tensor:
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


def summarize_floats(channels: list[Value]) -> Pixels:
    """Return what float channels show."""
    scale = channels[0].scale
    one, end = scale.key(1.0), scale.infinite
    safe = [tf.where(channel.nan, -end, channel.key) for channel in channels]
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
        )
        + _at_top(safe),
        # what is not finite must not be an extreme, so it takes the place of the other end
        low=reduce(tf.minimum, [tf.where(c.finite, c.key, end) for c in channels]),
        high=reduce(tf.maximum, [tf.where(c.finite, c.key, -end) for c in channels]),
        top=reduce(tf.maximum, safe),
        sums=reduce(tf.add, [channel.as_int64() for channel in channels]),
    )


def summarize_integers(channels: list[Tensor]) -> Pixels:
    """Return what integer channels show."""
    top = reduce(tf.maximum, channels)
    never = [tf.zeros_like(channels[0], tf.bool)]
    outside = [(channel < 0) | (channel > 1) for channel in channels]
    return Pixels(
        marks=_packed(never, never, outside, [channel >= 1 for channel in channels]),
        odd=_packed(never, never, [channel != 0 for channel in channels]) + _at_top(channels),
        low=reduce(tf.minimum, channels),
        high=top,
        top=top,
        sums=reduce(tf.add, [tf.cast(channel, tf.float64) for channel in channels]),
    )


def _at_top(channels: list[Tensor]) -> Tensor:
    """Return how many channels are as large as the largest, in the fourth byte."""
    best, equal = channels[0], tf.ones_like(channels[0], tf.int32)
    for channel in channels[1:]:
        equal = tf.where(channel > best, 1, equal + tf.cast(channel == best, tf.int32))
        best = tf.maximum(channel, best)
    return tf.bitwise.left_shift(equal, 24)


def encode_classes(decoding: LabelDecoding, channels: list[Any], odd: Tensor) -> Tensor:
    """Return codes for classes, int32; from C on they stand for pixels without one.

    Args:
        decoding: ARGMAX, ARGMAX_NAN or ARGMAX_LAST.
        channels: `Value`s or integers.
        odd: of `Pixels`.
    """
    floating = isinstance(channels[0], Value)
    winner = _argmax([channel.naive_key() for channel in channels] if floating else channels)
    if decoding is LabelDecoding.ARGMAX_LAST:
        return winner
    has_nan, all_zero = extract_byte(odd, 0) > 0, extract_byte(odd, 2) == 0
    if decoding is LabelDecoding.ARGMAX:
        return tf.where(has_nan | all_zero, winner + len(channels), winner)
    found = tf.where(all_zero, 0, winner)
    if not floating:
        return found
    return tf.where(has_nan, _argmax([tf.cast(c.nan, tf.int32) for c in channels]), found)


def _argmax(channels: list[Tensor]) -> Tensor:
    """Return the first largest channel, int32."""
    best, winner = channels[0], tf.zeros_like(channels[0], tf.int32)
    for number, channel in enumerate(channels[1:], start=1):
        winner = tf.where(channel > best, number, winner)
        best = tf.maximum(channel, best)
    return winner
