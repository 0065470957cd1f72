"""Infers what the values of one array stand for, from counts over all of them."""

from __future__ import annotations

from iou_doctor.arrays.byte_scores import FULL_SCALES, PERCENT, PERMILLE, find_object
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import COLOUR_CHANNELS, Axes
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, is_no_class
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import ValueCounts

LEAST_WHOLE_SHARE = 0.5
"""Share of whole numbers from which one float channel holds labels, some of them damaged."""
UNIT_ROUNDING = 1e-3
"""How far probabilities may lie outside [0, 1]: float16 and resizing round by less."""

LARGEST_MULTIPLE = 20.0
"""Largest score of probabilities that were multiplied or added up, but are on no scale of whole
numbers."""
MOST_ZEROS = 0.1
"""Maximum share of zeros among them. A ReLU makes zeros of a large part of all logits, and most of
the ids that a resize has mixed are background."""
SCALES = frozenset({PERCENT, PERMILLE, *FULL_SCALES})
"""Where scores end that were clipped to a scale of whole numbers."""
LEAST_BETWEEN = 0.1
"""Minimum share of clipped scores that have fractions. A resize mixes the ids at edges only."""
MOST_WHOLE_BETWEEN = 0.2
"""Maximum number of whole numbers inside the scale, as a share of the fractions there. Scores of
one decimal place have 1 to 9; ids that a resize has mixed are mostly whole."""
ZERO = frozenset({3, 4, 5})
"""The `LabelDecoding.BINS` of a score of 0."""


def infer_encoding(values: ValueCounts, axes: Axes, *, floating: bool) -> tuple[Encoding, str]:
    """Return the encoding of an array, and why.

    Args:
        values: the counts over all values of the array.
        axes: what its axes mean.
        floating: whether its dtype is a floating one.
    """
    if axes.is_unit_colour:
        return Encoding.COLOUR, "three or four multiples of 1/255 for each pixel, few combinations"
    if axes.is_colour:
        return Encoding.COLOUR, "three or four whole numbers for each pixel, in few combinations"
    if axes.is_dense:
        return _infer_dense_encoding(values)
    if not floating or values.fractional == 0:
        return Encoding.LABELS, "one whole number for each pixel"
    if values.within_unit or _is_nearly_within_unit(values):
        return Encoding.SIGMOID, "one value in [0, 1] for each pixel, with fractions"
    whole = values.values - values.fractional - values.non_finite
    if whole >= LEAST_WHOLE_SHARE * values.values:
        return Encoding.LABELS, "mostly whole numbers, with some fractions"
    return Encoding.BINARY_LOGITS, "one value for each pixel, inside and outside [0, 1]"


def are_multiples(stats: Stats) -> bool:
    """Return whether one channel of scores holds no negative one, as logits would.

    A threshold of 0 then leaves no background. Probabilities were multiplied, or added up over
    several models.
    """
    values = stats.y_pred
    low, high = values.minimum, values.maximum
    if low is None or high is None or not 0 <= low <= high <= LARGEST_MULTIPLE:
        return False
    pairings = (one for one in stats.tables if one.y_pred is LabelDecoding.BINS and not one.flat)
    pairing = next(pairings, None)
    if pairing is None:
        return False
    counts = stats.tables[pairing].count_predictions()
    zeros = sum(count for code, count in counts.items() if code in ZERO)
    return zeros <= MOST_ZEROS * sum(counts.values())


def are_clipped_scores(stats: Stats, ignore_index: int | None) -> bool:
    """Return whether whole numbers beside fractions are but the two ends of a scale of scores.

    The masks have to hold two classes: scores of one channel tell no more apart.
    """
    values = stats.y_pred
    if values.minimum != 0 or values.maximum not in SCALES or values.non_finite:
        return False
    if values.fractional < LEAST_BETWEEN * values.values:
        return False
    table = stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS))
    if table is None or find_object(table.count_truths(), ignore_index) is None:
        return False
    whole = {n: count for n, count in table.count_predictions().items() if not is_no_class(n)}
    inside = sum(count for label, count in whole.items() if 0 < label < values.maximum)
    return inside <= MOST_WHOLE_BETWEEN * values.fractional


def _infer_dense_encoding(values: ValueCounts) -> tuple[Encoding, str]:
    only_0_and_1 = values.fractional == 0 and values.outside_unit == 0
    if only_0_and_1:
        return Encoding.ONE_HOT, "only 0 and 1 along the class axis"
    if _is_nearly_within_unit(values):
        if values.sum_off == 0:
            return Encoding.PROBABILITIES, "channels lie in [0, 1] and sum to 1"
        return Encoding.PROBABILITIES, "channels lie in [0, 1]"
    return Encoding.LOGITS, "channels lie outside [0, 1]"


def is_picture(values: ValueCounts, axes: Axes) -> bool:
    """Return whether the channels look like the bytes of a picture, not like class scores.

    Scores that were scaled to 0..255 sum to the same number in every pixel. One-hot channels, some
    of them times 255, hold one number above 0 in each pixel.
    """
    low, high = values.minimum, values.maximum
    if values.at_least_one == values.pixels:
        return False
    if axes.channels not in COLOUR_CHANNELS or low is None or high is None or values.fractional:
        return False
    return 0 <= low <= high <= 255 and values.minimum_sum != values.maximum_sum


def _is_nearly_within_unit(values: ValueCounts) -> bool:
    """Return whether all finite values lie in [0, 1], apart from rounding."""
    low, high = values.minimum, values.maximum
    if low is None or high is None:
        return False
    return low >= -UNIT_ROUNDING and high <= 1 + UNIT_ROUNDING
