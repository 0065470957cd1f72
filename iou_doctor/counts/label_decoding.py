"""How stored values become labels: the derivations, and the codes of what is no label."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record

NO_CLASS = -(2**62)
"""A derived label at or near this value is no class: see `encode_no_class`."""
NAIVE_LIMIT = 2**31
VALUE_LIMIT = 2**40
"""Stored values beyond this saturate; no label map holds them, and they must not reach NO_CLASS."""
COLOUR_BASE = 2**24
"""Codes of colours start here, so that no colour passes for a class or a void label."""


class LabelDecoding(StrEnum):
    """A way from stored values to integers, one for each pixel (or value, where flat)."""

    LABELS = "labels"
    """The value, truncated toward zero; a fraction, NaN or Inf is no class."""
    ARGMAX = "argmax"
    """The first largest channel of the class axis; with a NaN, or all zero, no class."""
    ARGMAX_LAST = "argmax-last"
    """The first largest entry of the last axis as stored, whatever that axis means."""
    ARGMAX_NAN = "argmax-nan"
    """The same as NumPy and torch find it: a NaN is the largest, all zero is class 0."""
    BINS = "bins"
    """3 · compare(value, 0) + compare(value, threshold), and 9 more above 1.

    compare is 0 for <, 1 for = and 2 for >.
    """
    TIMES_255 = "times-255"
    """The value times 255, rounded: undoes a division by 255."""
    TENTHS = "tenths"
    """How many of the thresholds 0.1, 0.2 … 0.9 the value reaches, compared in float32."""
    COLOUR = "colour"
    """The code of a pixel's colour, see `colour_code`; alpha is left out."""


@record
class Pairing:
    """Which derived labels of the two arrays are counted together."""

    y_true: LabelDecoding
    y_pred: LabelDecoding
    flat: bool = False
    """True: value by value in the order as stored, as a metric that flattens does."""


def encode_no_class(naive: NDArray[Any]) -> NDArray[np.int64]:
    """Return codes for pixels without a class for which a naive metric would answer `naive`."""
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
    """Return whether a decoded label, or each of an array of them, is no class at all."""
    return labels <= NO_CLASS + NAIVE_LIMIT


def encode_colour(red: int, green: int, blue: int) -> int:
    """Return the derived label that stands for a colour."""
    return COLOUR_BASE + (red << 16) + (green << 8) + blue


def is_grey_code(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a derived label stands for a colour whose three channels are equal."""
    red, green, blue = (labels >> 16) & 255, (labels >> 8) & 255, labels & 255
    grey: NDArray[np.bool_] = (labels >= COLOUR_BASE) & (red == green) & (green == blue)
    return grey


def decode_colour(code: int) -> tuple[int, int, int]:
    """Return red, green and blue of a derived label that stands for a colour."""
    return (code >> 16) & 255, (code >> 8) & 255, code & 255
