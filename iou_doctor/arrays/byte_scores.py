"""Tells scores that were stored as whole numbers, mostly up to 255, from class ids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.counts.label_decoding import COLOUR_BASE, NO_CLASS, is_grey_code, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

FULL_SCALES = (255, 65535)
"""The values that stand for a score of 1, in 8 and in 16 bits."""
PERCENT, LEAST_PERCENT = 100, 90
"""Scores in percent reach at least 90 and end at 100."""
PERMILLE, LEAST_PERMILLE = 1000, 900
"""Scores in tenths of a percent reach at least 900 and end at 1000."""
SIGNED = (-128, 127)
"""What stands for scores of 0 and 1 in signed bytes, as quantized networks put them out."""
FEWEST_LEVELS = 24
"""Minimum number of distinct values of scores. Label maps of two classes hold a handful."""
FEWEST_COARSE_LEVELS = 8
"""Minimum number of values of scores that were rounded to a few equal steps, as those of 3 bits."""
GRADED, FEWEST_GRADED = (0.15, 0.85), 2
"""Shares of the object at values that are no class: a class is mostly object or mostly not. Scores
have some values between."""
PARTS, FEWEST_PARTS = 16, 6
"""The range is divided into equal parts, of which scores reach at least some. Ids lie close
together."""
LEAST_GAIN = 0.1
"""Minimum gain in mean IoU of some higher cut over that at 0, for scores that are all below 0.5."""
LEAST_INVERTED = 0.6
"""Minimum mean IoU if low values are the object."""
MOST_FALLING = 0.2
"""Maximum share of the steps of inverted scores at which the share of the object moves the other
way. Ids are in no order."""
LEAST_NEGATIVE, LEAST_RANKED = 8, 0.75
"""Minimum number of levels below 0 of signed scores, and minimum share of the pairs of an object
pixel and another one in which the first has the higher score, or in which it has the lower one. A
data set has one or two ids below 0, for void."""
LEAST_BINARY_SHARE = 0.6
"""Minimum share of the pixels of grey masks that are 0 or 255: antialiased edges are the rest."""


@record
class WholeScores:
    """How scores were stored as whole numbers."""

    zero: int
    """The value that stands for a score of 0."""
    one: int
    """The value that stands for a score of 1; it is the lower one if the scores are inverted."""

    @property
    def is_inverted(self) -> bool:
        """Whether low values are the object."""
        return self.one < self.zero

    @property
    def cut(self) -> int:
        """The last value of the lower half."""
        low, high = sorted((self.zero, self.one))
        return low + (high - low) // 2


def find_whole_scores(
    pairs: PairCounts, ignore_index: int | None, *, are_rounded: bool = False
) -> WholeScores | None:
    """Return how scores were stored as whole numbers, or `None` if the predictions are no scores.

    Such scores take many values, while the masks hold two. Numbers of objects look alike, but all
    of them are foreground, while only high scores are, or only low ones.

    Args:
        pairs: the labels as stored, of all images together.
        ignore_index: the label of the masks that does not count.
        are_rounded: whether the scores had fractions, so that their levels say nothing of how they
            were stored.
    """
    levels = [label for label in pairs.count_predictions() if not is_no_class(label)]
    if len(levels) < (FEWEST_LEVELS if are_rounded else FEWEST_COARSE_LEVELS):
        return None
    scale = _choose_scale(levels[0], levels[-1])
    object_label = find_object(pairs.count_truths(), ignore_index)
    if scale is None or object_label is None:
        return None
    if len(levels) < FEWEST_LEVELS:
        return _find_coarse_scores(pairs, levels, scale.one, object_label)
    low, full = scale.zero, scale.one
    if low < 0:
        return _choose_sign(pairs, scale, levels, object_label)
    if len({(level - low) * PARTS // (full - low + 1) for level in levels}) < FEWEST_PARTS:
        return None
    above_0 = _score_cut(pairs, low, object_label)
    if levels[-1] <= scale.cut or 2 * levels[-1] <= full:
        cuts = levels[1 :: max(1, len(levels) // PARTS)]
        best = max(_score_cut(pairs, cut, object_label) for cut in cuts)
        return scale if best >= above_0 + LEAST_GAIN else None
    above, below = (
        _score_cut(pairs, scale.cut, object_label, inverted=inverted) for inverted in (False, True)
    )
    if below >= max(LEAST_INVERTED, above + LEAST_GAIN, above_0):
        return WholeScores(full, low) if _falls(pairs, scale, object_label) else None
    return scale if above >= above_0 else None


def _choose_sign(
    pairs: PairCounts, scale: WholeScores, levels: list[int], object_label: int
) -> WholeScores | None:
    """Return how signed scores were stored; `None` if they are no scores."""
    if levels[LEAST_NEGATIVE - 1] >= 0:
        return None
    rank = _rank(pairs, object_label)
    found = scale if rank > 0.5 else WholeScores(scale.one, scale.zero)
    at_cut = _score_cut(pairs, found.cut, object_label, inverted=found.is_inverted)
    all_object = _score_cut(pairs, levels[0] - 1, object_label)
    return found if max(rank, 1 - rank) >= LEAST_RANKED and at_cut > all_object else None


def choose_full_scale(highest: float, *, rounding: float = 0.0) -> int | None:
    """Return the value that stands for a score of 1; `None` if scores are on no known scale.

    Args:
        highest: the largest score.
        rounding: by which part of it a score of 1 may be exceeded.
    """
    highest /= 1 + rounding
    for least, full in ((LEAST_PERCENT, PERCENT), (LEAST_PERMILLE, PERMILLE)):
        if least <= highest <= full:
            return full
    return next((full for full in FULL_SCALES if highest <= full), None)


def _choose_scale(lowest: int, highest: int) -> WholeScores | None:
    """Return the scale on which these are the least and the largest value."""
    if lowest < 0:
        is_signed = SIGNED[0] <= lowest and 0 < highest <= SIGNED[1]
        return WholeScores(*SIGNED) if is_signed else None
    full = choose_full_scale(highest)
    return None if full is None else WholeScores(0, full)


def _find_coarse_scores(
    pairs: PairCounts, levels: list[int], full: int, object_label: int
) -> WholeScores | None:
    """Return how scores of a few equal steps were stored, or `None` if these are class ids.

    Numbers below all scales, 0 to 15 for instance, are the numbers of the steps.
    """
    if levels[-1] < FEWEST_LEVELS:
        full = levels[-1]
    steps = round(full / int(np.diff(levels).min()))
    nearest = np.rint(np.array(levels) * steps / full) * full / steps
    if levels[0] != 0 or steps >= 2 * len(levels) or np.abs(nearest - levels).max() > 1:
        return None
    pairs = pairs.keep_rows(np.isin(pairs.prediction, levels))
    place = np.searchsorted(levels, pairs.prediction)
    every = np.bincount(place, pairs.count)
    shares = np.bincount(place, pairs.count * (pairs.truth == object_label)) / every
    graded = (shares > GRADED[0]) & (shares < GRADED[1])
    if (np.diff(shares) < 0).mean() > MOST_FALLING or graded.sum() < FEWEST_GRADED:
        return None
    scores = WholeScores(0, full)
    above = _score_cut(pairs, scores.cut, object_label)
    return scores if above >= _score_cut(pairs, 0, object_label) else None


def _rank(pairs: PairCounts, object_label: int) -> float:
    """Return how often a pixel of the object has a higher score than one of class 0.

    A half of the pairs with equal scores counts as well.
    """
    is_known = (pairs.truth == 0) | (pairs.truth == object_label)
    pairs = pairs.keep_rows(is_known & ~is_no_class(pairs.prediction))
    levels, place = np.unique(pairs.prediction, return_inverse=True)
    inside = np.bincount(place, pairs.count * (pairs.truth == object_label), len(levels))
    outside = np.bincount(place, pairs.count * (pairs.truth == 0), len(levels))
    below = np.cumsum(outside) - outside / 2
    return float((inside * below).sum() / max(inside.sum() * outside.sum(), 1))


def _falls(pairs: PairCounts, scale: WholeScores, object_label: int) -> bool:
    """Return whether the share of the object falls from part to part of the scale."""
    pairs = pairs.keep_rows(~is_no_class(pairs.prediction))
    part = (pairs.prediction - scale.zero) * PARTS // (scale.one - scale.zero + 1)
    every = np.bincount(part, pairs.count, PARTS)
    inside = np.bincount(part, pairs.count * (pairs.truth == object_label), PARTS)
    steps = np.diff(inside[every > 0] / every[every > 0])
    return bool((steps > 0).mean() <= MOST_FALLING)


def decode_grey_as_labels(table: PairCounts) -> PairCounts:
    """Return the table with grey colours as the labels that their channels repeat.

    All other colours become pixels without a class.
    """

    def decode(labels: NDArray[np.int64]) -> NDArray[np.int64]:
        without_colours = np.where(labels >= COLOUR_BASE, NO_CLASS, labels)
        return np.where(is_grey_code(labels), labels & 255, without_colours)

    return table.relabel(truth=decode, prediction=decode)


def find_object(truths: Mapping[int, int], ignore_index: int | None) -> int | None:
    """Return the label of the object in masks of two classes; `None` if there are more."""
    labels = {label for label in truths if not is_no_class(label)}
    if labels - {ignore_index} <= {0, 255}:
        return 255  # even if 255 is the ignore label: see the rule `masks-0-255`
    if labels - {ignore_index, *VOID_LABELS} <= {0, 1}:
        return 1
    if {0, 255} < labels and len(labels) == 3 and min(labels) == 0 and max(labels) == 255:
        return 255  # the third one is a void value between them
    return 255 if are_mostly_ends(truths) else None


def are_mostly_ends(counts: Mapping[int, int]) -> bool:
    """Return whether most pixels are 0 or 255, and the others are greys in between.

    Args:
        counts: the number of pixels of each label.
    """
    ends = [counts.get(end, 0) for end in (0, 255)]
    are_bytes = min(counts, default=-1) >= 0 and max(counts) <= 255
    if not are_bytes or sum(ends) < LEAST_BINARY_SHARE * sum(counts.values()):
        return False
    return min(ends) > max((n for label, n in counts.items() if label not in (0, 255)), default=0)


def _score_cut(pairs: PairCounts, cut: int, object_label: int, *, inverted: bool = False) -> float:
    """Return the mean IoU of the two classes if scores above the cut are the object, or others."""
    is_known = (pairs.truth == 0) | (pairs.truth == object_label)
    pairs = pairs.keep_rows(is_known & ~is_no_class(pairs.prediction))
    truth, found = pairs.truth == object_label, (pairs.prediction > cut) != inverted
    right = np.array([pairs.count[~truth & ~found].sum(), pairs.count[truth & found].sum()])
    wrong = pairs.count[truth != found].sum()
    return float(np.mean(right / np.maximum(right + wrong, 1)))
