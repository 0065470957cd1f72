"""Summarize the channels of each pixel in a TensorFlow graph; see `graph_values.py`.

Channels are unrolled. Every field is one chain of operations over them that ends in a number for
each pixel. XLA fuses such a chain into one loop that reads each value once and writes no
intermediate results. A chain that needs the result of another one, such as a comparison of all
channels with the largest, prevents this: the keys of all channels are then written to memory.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.scan.tensorflow.graph_values import Tensor, Value


class Pixels(NamedTuple):
    """A summary of the channels of each pixel; every field has shape (n, pixels).

    `marks` and `odd` hold four counts of channels, one in each byte, which saves memory traffic.
    """

    marks: Tensor
    """Channels that are fractions, k/255, finite and outside [0, 1], and finite and at least 1."""
    odd: Tensor
    """Channels that are NaN, not finite, not zero, and equal to the largest one."""
    low: Tensor
    """The smallest finite key, or integer."""
    high: Tensor
    """The largest finite key, or integer."""
    top: Tensor
    """The largest key, or integer. NaN does not count."""
    sums: Tensor


def extract_byte(packed: Tensor, place: int) -> Tensor:
    """Return one of the four counts of a packed integer."""
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(packed, 8 * place), 255)


def _pack_counts(*flags: list[Tensor]) -> Tensor:
    """Return the number of channels with each flag, packed into the bytes of one integer."""
    parts = (
        tf.where(flag, np.int32(1 << 8 * place), 0)
        for place, channels in enumerate(flags)
        for flag in channels
    )
    return reduce(tf.add, parts)


def summarize_floats(channels: list[Value]) -> Pixels:
    """Return the summary of float channels."""
    scale = channels[0].scale
    one, end = scale.key(1.0), scale.infinite
    safe = [tf.where(channel.nan, -end, channel.key) for channel in channels]
    return Pixels(
        marks=_pack_counts(
            [channel.is_fractional() for channel in channels],
            [channel.is_on_grid() for channel in channels],
            [((c.key < 0) | (c.key > one)) & c.finite for c in channels],
            [(channel.key >= one) & channel.finite for channel in channels],
        ),
        odd=_pack_counts(
            [channel.nan for channel in channels],
            [~channel.finite for channel in channels],
            [channel.key != 0 for channel in channels],
        )
        + _count_largest(safe),
        # values that are not finite become the opposite extreme, so that they do not count
        low=reduce(tf.minimum, [tf.where(c.finite, c.key, end) for c in channels]),
        high=reduce(tf.maximum, [tf.where(c.finite, c.key, -end) for c in channels]),
        top=reduce(tf.maximum, safe),
        sums=reduce(tf.add, [channel.as_float64() for channel in channels]),
    )


def summarize_integers(channels: list[Tensor]) -> Pixels:
    """Return the summary of integer channels."""
    top = reduce(tf.maximum, channels)
    never = [tf.zeros_like(channels[0], tf.bool)]
    outside = [(channel < 0) | (channel > 1) for channel in channels]
    return Pixels(
        marks=_pack_counts(never, never, outside, [channel >= 1 for channel in channels]),
        odd=_pack_counts(never, never, [channel != 0 for channel in channels])
        + _count_largest(channels),
        low=reduce(tf.minimum, channels),
        high=top,
        top=top,
        sums=reduce(tf.add, [tf.cast(channel, tf.float64) for channel in channels]),
    )


def _count_largest(channels: list[Tensor]) -> Tensor:
    """Return the number of channels equal to the largest one, in the fourth byte."""
    best, equal = channels[0], tf.ones_like(channels[0], tf.int32)
    for channel in channels[1:]:
        equal = tf.where(channel > best, 1, equal + tf.cast(channel == best, tf.int32))
        best = tf.maximum(channel, best)
    return tf.bitwise.left_shift(equal, 24)


def encode_classes(
    decoding: LabelDecoding, channels: list[Value] | list[Tensor], odd: Tensor
) -> Tensor:
    """Return codes for classes, int32. Codes from C on stand for pixels without a class.

    Args:
        decoding: ARGMAX, ARGMAX_NAN or ARGMAX_LAST.
        channels: `Value`s, or tensors of integers.
        odd: the field of `Pixels`.
    """
    floating = isinstance(channels[0], Value)
    winner = _argmax([channel.make_keras_key() for channel in channels] if floating else channels)
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
