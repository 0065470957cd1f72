"""Label maps compared with no regard to what their ids mean: each id is taken for its best match.

Where the ids are wrong and the samples or pixels stand in other places too, neither fault shows
while the other one is there. Maps whose ids are matched to each other as well as can be show the
second one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack, count_pairs
from iou_doctor.report.finding import Finding

MOST = 0.2
"""Mean IoU above which the ids mean what they say for the better part."""
FEWEST = 3
"""Classes: of two, each fits the other one in some turn."""
LEAST = 0.4
"""Mean IoU of matched maps; of maps that have nothing in common the best turn has below 0.3."""
APART = 0.15
"""What another place must gain in it."""


def is_asked_for(evidence: Evidence) -> bool:
    """Return whether the arrays agree so little that nothing else explains it."""
    mean_iou = evidence.repaired.mean_iou
    if mean_iou is None or mean_iou > MOST or evidence.interpretation.num_classes < FEWEST:
        return False
    return not evidence.has_found_error


def matched(one: Stack, pred: Ids | None = None) -> tuple[Stack, float]:
    """Return the maps with the predicted ids matched to the truth's, and their mean IoU.

    Args:
        one: the maps.
        pred: the predictions that the match is made for; those of `one` if not given.
    """
    from scipy.optimize import linear_sum_assignment

    both = count_pairs(one.true, one.pred if pred is None else pred, one.classes).sum(axis=0)
    iou = _iou(both)
    truth, predicted = linear_sum_assignment(iou, maximize=True)
    table = np.full(one.classes + 1, one.classes, dtype=np.intp)
    table[predicted] = truth
    score = iou[truth, predicted].sum() / max((both.sum(axis=1) > 0).sum(), 1)
    return replace(one, pred=table[one.pred]), float(score)


def _iou(both: NDArray[np.int64]) -> NDArray[np.float64]:
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    iou: NDArray[np.float64] = both / np.maximum(union, 1)
    return iou


def is_convincing(score: float, given: float) -> bool:
    """Return whether maps in another place match, and those in the given one do not."""
    return score >= LEAST and score - given >= APART


def told(finding: Finding) -> Finding:
    """Return the finding, saying that its numbers are those of matched ids."""
    return replace(finding, message=f"with ids matched as well as can be, {finding.message}")
