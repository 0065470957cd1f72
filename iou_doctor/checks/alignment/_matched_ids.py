"""Compare label maps without relying on what their ids mean: match each id to its best fit.

If the ids are wrong and the samples or pixels are also misplaced, each fault hides the other.
Matching the predicted ids to those of the masks as well as possible reveals the misplacement.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.assignment import assign
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack, count_pairs
from iou_doctor.report.finding import Finding

HIGHEST_MEAN_IOU = 0.2
"""Highest mean IoU at which ids may be wrong. Above it, most ids must mean the same in both arrays.
"""
FEWEST_MATCHED_CLASSES = 3
"""Minimum number of classes. With two, either class fits the other one in some orientation."""
LEAST_MATCHED = 0.4
"""Minimum mean IoU of the matched maps. Maps that have nothing in common reach less than 0.3, even
in their best orientation.
"""
LEAST_MATCHED_GAIN = 0.15
"""Minimum gain in mean IoU of matched maps from moving samples or pixels."""


def is_worth_trying(evidence: Evidence) -> bool:
    """Return whether the arrays agree very little and no error explains it."""
    mean_iou = evidence.repaired.mean_iou
    if mean_iou is None or mean_iou > HIGHEST_MEAN_IOU:
        return False
    if evidence.interpretation.is_multilabel:
        return False  # the labels of the maps are sets of channels
    enough_classes = evidence.interpretation.num_classes >= FEWEST_MATCHED_CLASSES
    return enough_classes and not evidence.has_found_error


def match_ids(maps: Stack, pred: Ids | None = None) -> tuple[Stack, float]:
    """Match the predicted ids of `maps` to the truth's and return the new maps.

    Args:
        maps: the maps whose predictions are relabelled.
        pred: the predictions that decide the match, same shape; `None` means those of `maps`.

    Returns:
        The relabelled maps, and the mean IoU of the match.
    """
    both = count_pairs(maps.y_true, maps.y_pred if pred is None else pred, maps.classes).sum(axis=0)
    iou = _compute_iou(both)
    truth, predicted = assign(iou)
    table = np.full(maps.classes + 1, maps.classes, dtype=np.min_scalar_type(maps.classes))
    table[predicted] = truth
    score = iou[truth, predicted].sum() / max((both.sum(axis=1) > 0).sum(), 1)
    return replace(maps, y_pred=table[maps.y_pred]), float(score)


def _compute_iou(both: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the IoU of each truth id with each predicted id, from their pair counts."""
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    iou: NDArray[np.float64] = both / np.maximum(union, 1)
    return iou


def is_convincing(after: float, before: float) -> bool:
    """Return whether the match is good, and much better than that of the maps as given.

    Args:
        after: the mean IoU of matched ids after samples or pixels have moved.
        before: the mean IoU of matched ids as given.
    """
    return after >= LEAST_MATCHED and after - before >= LEAST_MATCHED_GAIN


def add_condition(finding: Finding) -> Finding:
    """Return the finding with a message saying that its numbers are those of matched ids."""
    return replace(finding, message=f"with ids matched as well as possible, {finding.message}")
