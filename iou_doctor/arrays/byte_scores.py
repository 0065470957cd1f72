"""Tells scores that were stored as whole numbers up to 255 from class ids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.counts.label_decoding import COLOUR_BASE, NO_CLASS, is_grey_code, is_no_class
from iou_doctor.counts.pair_counts import PairCounts

FULL_SCALES = (255, 65535)
"""The values that stand for a score of 1, in 8 and in 16 bits."""
PERCENT, LEAST_PERCENT = 100, 90
"""Scores in percent reach at least 90 and end at 100."""
FEWEST_LEVELS = 24
"""Minimum number of distinct values of scores. Label maps of two classes hold a handful."""
PARTS, FEWEST_PARTS = 16, 6
"""The range is divided into equal parts, of which scores reach at least some. Ids lie close
together."""
LEAST_GAIN = 0.1
"""Minimum gain in mean IoU of some higher cut over that at 0, for scores that are all below 0.5."""
LEAST_BINARY_SHARE = 0.6
"""Minimum share of the pixels of grey masks that are 0 or 255: antialiased edges are the rest."""


def find_full_scale(pairs: PairCounts, ignore_index: int | None) -> int | None:
    """Return the value that stands for a score of 1, or `None` if the predictions are no scores.

    Scores stored as whole numbers take many values, while the masks hold two. Numbers of objects
    look alike, but all of them are foreground, while only high scores are.

    Args:
        pairs: the labels as stored, of all images together.
        ignore_index: the label of the masks that does not count.
    """
    levels = [label for label in pairs.count_predictions() if not is_no_class(label)]
    if len(levels) < FEWEST_LEVELS or levels[0] < 0 or levels[-1] > FULL_SCALES[-1]:
        return None
    in_percent = LEAST_PERCENT <= levels[-1] <= PERCENT
    full = PERCENT if in_percent else next(top for top in FULL_SCALES if levels[-1] <= top)
    parts = {level * PARTS // (full + 1) for level in levels}
    if len(parts) < FEWEST_PARTS:
        return None
    object_label = _find_object(pairs.count_truths(), ignore_index)
    if object_label is None:
        return None
    above_0 = _score_cut(pairs, 0, object_label)
    if 2 * levels[-1] > full:
        return full if _score_cut(pairs, full // 2, object_label) >= above_0 else None
    cuts = levels[1 :: max(1, len(levels) // PARTS)]
    best = max(_score_cut(pairs, cut, object_label) for cut in cuts)
    return full if best >= above_0 + LEAST_GAIN else None


def decode_grey_as_labels(table: PairCounts) -> PairCounts:
    """Return the table with grey colours as the labels that their channels repeat.

    All other colours become pixels without a class.
    """

    def decode(labels: NDArray[np.int64]) -> NDArray[np.int64]:
        without_colours = np.where(labels >= COLOUR_BASE, NO_CLASS, labels)
        return np.where(is_grey_code(labels), labels & 255, without_colours)

    return table.relabel(truth=decode, prediction=decode)


def _find_object(truths: Mapping[int, int], ignore_index: int | None) -> int | None:
    """Return the label of the object in masks of two classes; `None` if there are more."""
    labels = {label for label in truths if not is_no_class(label)}
    if labels - {ignore_index} <= {0, 255}:
        return 255  # even if 255 is the ignore label: see the rule `masks-0-255`
    if labels - {ignore_index, *VOID_LABELS} <= {0, 1}:
        return 1
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


def _score_cut(pairs: PairCounts, cut: int, object_label: int) -> float:
    """Return the mean IoU of the two classes if scores above the cut are the object."""
    is_known = (pairs.truth == 0) | (pairs.truth == object_label)
    pairs = pairs.keep_rows(is_known & ~is_no_class(pairs.prediction))
    truth, found = pairs.truth == object_label, pairs.prediction > cut
    right = np.array([pairs.count[~truth & ~found].sum(), pairs.count[truth & found].sum()])
    wrong = pairs.count[truth != found].sum()
    return float(np.mean(right / np.maximum(right + wrong, 1)))
