"""Tell a class 255 from the void label 255, if both arrays hold it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

LABEL = 255
FEWEST_OTHERS = 2
"""Minimum number of other labels that both arrays hold. 0 and 255 alone are a picture of two
classes."""
LEAST_WRONG = 0.001
"""Minimum share of the pixels with the label, on each side, that lack it on the other side. Void
that was copied into the predictions lies in the same places."""
FARTHEST_NEXT = 3
"""How many times as far as the other labels lie apart 255 may lie beyond them, as one of the codes
0, 85, 170 and 255."""
LEAST_OF_CODES, LEAST_OF_IDS = 0.5, 0.75
"""Minimum IoU of 255 as a share of the mean IoU of the other labels, for codes that end there and
for 255 far beyond all ids. Pixels that a model leaves out may lie in void, too."""
LEAST_ERROR_OF_IDS = 0.25
"""Minimum error of 255 far beyond all ids, as a share of that of the best other label. Void that
was copied and then moved by a pixel agrees better than classes do."""


def is_class_255(table: PairCounts) -> bool:
    """Return whether 255 is a class, because it is predicted about as well as the other labels."""
    truths, predictions = table.count_truths(), table.count_predictions()
    shared = sorted(label for label in truths.keys() & predictions.keys() if label >= 0)
    others = [label for label in shared if label != LABEL]
    if LABEL not in shared or len(others) < FEWEST_OTHERS or _are_pictures(table, others):
        return False
    fit = _measure_fit(table)
    wrong = min(truths[LABEL], predictions[LABEL]) - fit.hits
    if not fit.is_mutual or wrong < LEAST_WRONG * max(truths[LABEL], predictions[LABEL]):
        return False
    rest = [fit.diagonal.get(label, 0.0) for label in others]
    own, usual = fit.diagonal[LABEL], float(np.mean(rest))
    if not is_far_beyond(others):
        return own >= LEAST_OF_CODES * usual
    is_most = 2 * fit.hits > max(truths[LABEL], predictions[LABEL])
    no_better = 1 - own >= LEAST_ERROR_OF_IDS * (1 - max(rest))
    return is_most and own >= LEAST_OF_IDS * usual and no_better


def is_far_beyond(others: Iterable[int]) -> bool:
    """Return whether 255 lies far beyond other labels, where void usually is."""
    labels = sorted(label for label in others if 0 <= label < LABEL)
    gaps = np.diff([0, *labels])
    return bool(labels) and LABEL - labels[-1] > FARTHEST_NEXT * int(gaps.max())


def _are_pictures(table: PairCounts, others: list[int]) -> bool:
    """Return whether some masks may hold 0 and 255, and the others 0 and 1."""
    if others != [0, 1]:
        return False
    ones, whites = (np.unique(table.image[table.truth == label]) for label in (1, LABEL))
    return not np.isin(ones, whites).any()


@record
class _Fit:
    """How well the labels agree."""

    diagonal: dict[int, float]
    """The IoU of each label with itself."""
    hits: int
    """The pixels that have 255 on both sides."""
    is_mutual: bool
    """Whether 255 fits no label better than itself, on either side."""


def _measure_fit(table: PairCounts) -> _Fit:
    pairs, truths, predictions = table.pool(), table.count_truths(), table.count_predictions()
    true, predicted, count = pairs.truth, pairs.prediction, pairs.count
    union = _look_up(truths, true) + _look_up(predictions, predicted) - count
    iou, same = count / union, true == predicted
    is_255 = same & (true == LABEL)
    beside = (true == LABEL) != (predicted == LABEL)
    return _Fit(
        diagonal=dict(zip(true[same].tolist(), iou[same].tolist(), strict=True)),
        hits=int(count[is_255].sum()),
        is_mutual=bool(iou[is_255].sum() > iou[beside].max(initial=0.0)),
    )


def _look_up(counts: dict[int, int], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the count of each label; `counts` is in ascending order of label."""
    known, values = np.array([*counts]), np.array([*counts.values()])
    found: NDArray[np.int64] = values[np.searchsorted(known, labels)]
    return found
