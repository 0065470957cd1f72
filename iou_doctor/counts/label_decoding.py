"""The ways in which stored values become labels, and the codes for pixels without a label.

A label is an integer. A pixel that has none (a fraction, NaN, channels that are all 0) gets a code
near `NO_CLASS`, far from all labels. The code also holds the label that a naive metric would give
the pixel.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record

NO_CLASS = -(2**62)
"""A decoded label near this value means "no class"; see `encode_no_class`."""
NAIVE_LIMIT = 2**31
"""Naive answers saturate at ±2**31, so no-class codes are `NO_CLASS` ± 2**31."""
VALUE_LIMIT = 2**40
"""Stored values saturate at ±2**40. No label map holds such values, and none reaches `NO_CLASS`."""
COLOUR_BASE = 2**24
"""The codes of colours start here, so that none is mistaken for a class or a void label."""
DROPPED_BITS = 12
"""Bits of a float32 that `encode_rounded` rounds away; 12 significant ones stay."""
_MAGNITUDE = 0x7FFFFFFF
"""The bits of a float32 without its sign."""


class LabelDecoding(StrEnum):
    """A way to turn stored values into labels: one for each pixel, or for each value if flat."""

    LABELS = "labels"
    """The value itself. A fraction, NaN or Inf is not a class."""
    ARGMAX = "argmax"
    """The first largest channel of the class axis. A NaN, or only zeros, is not a class."""
    ARGMAX_LAST = "argmax-last"
    """The first largest entry of the last axis as stored, even if that is not the class axis."""
    ARGMAX_NAN = "argmax-nan"
    """The argmax of NumPy and PyTorch: NaN is the largest value, and only zeros is class 0."""
    BINS = "bins"
    """3 · compare(value, 0) + compare(value, threshold), and 9 more above 1.

    `compare` is 0 for <, 1 for = and 2 for >.
    """
    TIMES_255 = "times-255"
    """The value times 255, rounded. This undoes a division by 255."""
    NEAREST = "nearest"
    """The value rounded to a whole number, for class ids that arithmetic has moved a little."""
    TENTHS = "tenths"
    """The number of thresholds 0.1, 0.2 … 0.9 that the value reaches, compared in float32."""
    ROUNDED = "rounded"
    """The value itself, even with a fraction, as a code in ascending order; see `encode_rounded`.
    The labels of all images are counted together if these are the predictions'."""
    EXACT = "exact"
    """The bits of the value in float32, for implementations that put fractions into bins."""
    COLOUR = "colour"
    """The code of a pixel's colour without its alpha channel; see `encode_colour`."""
    UNIT_COLOUR = "unit_colour"
    """The same for colours that were divided by 255."""
    CHANNELS = "channels"
    """A number with a bit for each channel, 1 for the first, that is set above the threshold."""
    ARGMAX_ABOVE = "argmax-above"
    """The first largest channel, if it is above the threshold; otherwise not a class."""


@record
class Pairing:
    """How each array is decoded before its labels are counted together with the other's."""

    y_true: LabelDecoding
    y_pred: LabelDecoding
    flat: bool = False
    """Whether values are paired in the order stored, as by a metric that flattens its inputs."""

    @property
    def has_maps(self) -> bool:
        """Whether the pass keeps the maps of some samples, and not only counts."""
        other = {LabelDecoding.TENTHS, LabelDecoding.EXACT}
        return not self.flat and self.y_pred not in other


def encode_no_class(naive: NDArray[np.number]) -> NDArray[np.int64]:
    """Return codes for pixels without a class.

    Args:
        naive: the label that a metric would give each pixel if it did not check for a class.
    """
    near: NDArray[np.int64] = np.clip(naive, -NAIVE_LIMIT, NAIVE_LIMIT).astype(np.int64)
    return near + np.int64(NO_CLASS)


def decode_no_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels in which each no-class code is replaced by the naive answer it carries."""
    return np.where(is_no_class(labels), labels - NO_CLASS, labels)


@overload
def is_no_class(labels: int) -> bool: ...
@overload
def is_no_class(labels: NDArray[np.integer]) -> NDArray[np.bool_]: ...
def is_no_class(labels: int | NDArray[np.integer]) -> bool | NDArray[np.bool_]:
    """Return whether a decoded label, or each of an array of them, is not a class at all."""
    return labels <= NO_CLASS + NAIVE_LIMIT


def encode_rounded(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return codes of values rounded to 12 bits, in the order of the values; NaN is no class.

    Args:
        values: numbers of any dtype, compared in float32.
    """
    single = values.astype(np.float32) + np.float32(0)  # turns -0.0 into 0.0
    bits = single.view(np.int32).astype(np.int64)
    bits = np.where(bits < 0, -(bits & _MAGNITUDE), bits)
    codes: NDArray[np.int64] = (bits + (1 << (DROPPED_BITS - 1))) >> DROPPED_BITS
    return np.where(np.isnan(single), encode_no_class(codes * 0), codes)


def decode_rounded(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the values of codes by `encode_rounded`."""
    bits = (np.abs(codes) << DROPPED_BITS).astype(np.int32)
    return np.sign(codes) * bits.view(np.float32).astype(np.float64)


def encode_exactly(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return labels that hold the values themselves, rounded to float32."""
    single = np.ascontiguousarray(values, dtype=np.float32) + np.float32(0)  # -0 is 0
    return single.view(np.int32).astype(np.int64)


def decode_exactly(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the values that labels of `LabelDecoding.EXACT` hold."""
    return labels.astype(np.int32).view(np.float32).astype(np.float64)


def encode_colour(red: int, green: int, blue: int) -> int:
    """Return the label that stands for a colour, its channels from 0 to 255."""
    return COLOUR_BASE + (red << 16) + (green << 8) + blue


def is_grey_code(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which labels stand for a colour with three equal channels."""
    red, green, blue = (labels >> 16) & 255, (labels >> 8) & 255, labels & 255
    grey: NDArray[np.bool_] = (labels >= COLOUR_BASE) & (red == green) & (green == blue)
    return grey


def decode_colour(code: int) -> tuple[int, int, int]:
    """Return the red, green and blue of a label that stands for a colour."""
    return (code >> 16) & 255, (code >> 8) & 255, code & 255
