"""What the values of an array are, judged from counts over all of them."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes
from iou_doctor.counts.value_counts import ValueCounts

COLOUR_CHANNELS = (3, 4)
WHOLE_SHARE = 0.5
"""Share of whole numbers from which one float channel is labels with some fractions in them."""


def encoding_of(values: ValueCounts, axes: Axes, *, floating: bool) -> tuple[Encoding, str]:
    """Return the encoding of an array and what it rests on."""
    if axes.is_colour:
        return Encoding.COLOUR, "three or four whole numbers for each pixel, few different ones"
    if axes.is_dense:
        return _of_channels(values)
    if not floating or values.fractional == 0:
        return Encoding.LABELS, "one whole number for each pixel"
    if values.within_unit or _nearly_within_unit(values):
        return Encoding.SIGMOID, "one value in [0, 1] for each pixel, with fractions"
    whole = values.values - values.fractional - values.non_finite
    if whole >= WHOLE_SHARE * values.values:
        return Encoding.LABELS, "mostly whole numbers, with some fractions"
    return Encoding.BINARY_LOGITS, "one value for each pixel, inside and outside [0, 1]"


def _of_channels(values: ValueCounts) -> tuple[Encoding, str]:
    only_0_and_1 = values.fractional == 0 and values.outside_unit == 0
    if only_0_and_1:
        return Encoding.ONE_HOT, "only 0 and 1 along the class axis"
    if _nearly_within_unit(values):
        if values.sum_off == 0:
            return Encoding.PROBABILITIES, "channels lie in [0, 1] and sum to 1"
        return Encoding.PROBABILITIES, "channels lie in [0, 1]"
    return Encoding.LOGITS, "channels lie outside [0, 1]"


def is_picture(values: ValueCounts, axes: Axes) -> bool:
    """Return whether channels hold the bytes of a picture rather than one score a class."""
    low, high = values.minimum, values.maximum
    if axes.channels not in COLOUR_CHANNELS or low is None or high is None or values.fractional:
        return False
    return 0 <= low <= high <= 255 and values.minimum_sum != values.maximum_sum


def _nearly_within_unit(values: ValueCounts) -> bool:
    """Return whether the finite values lie in [0, 1] but for rounding."""
    low, high = values.minimum, values.maximum
    return low is not None and high is not None and low >= -1e-3 and high <= 1 + 1e-3
