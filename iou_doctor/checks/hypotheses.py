"""Hypotheses on class ids: what the score would be if they meant something else.

Each one is a repair that maps ids, and its worth is an exact re-projection of the counts. A
hypothesis is believed when two things agree: the score after it is far higher, and the truth ids
that cover most of the pixels are predicted, more often than as anything else, as the ids that the
hypothesis expects. The first keeps weak models silent, the second collapsed ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import MOST_CLASSES, VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.unknown_labels import NO_DATA_LABELS
from iou_doctor.metrics.score import compute_score
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

GAIN = 0.1
"""A wrong numbering costs more than this even in a model of mean IoU 0.2; chance gives 0.01."""
FACTOR = 2.0
"""Ids that mean something else leave next to nothing (0.009 of 0.79); half is another fault."""
FEWEST_PIXELS = 20
"""In fewer pixels chance alone makes a wrong id the commonest one."""
CLEARLY = 0.02
"""Exchanges of rare classes gain below 0.01 in a weak model; one of 21 classes is 0.02 or more."""
VOID = 255
"""Where pixels of no class go, unless the user named another label."""


class MajorityPrediction(NamedTuple):
    """What the pixels of one truth label are most often predicted as."""

    prediction: int
    pixels: int
    """The truth pixels predicted so."""
    total: int
    """All pixels of the truth label."""


def count_class_ids(evidence: Evidence, side: Side) -> dict[int, int]:
    """Return the pixels of each label of one side that can be a class: no void, no no-data."""
    pairs = evidence.pairs.pooled()
    counts = pairs.truth_counts() if side is Side.MASKS else pairs.prediction_counts()
    nothing = {*VOID_LABELS, *NO_DATA_LABELS}
    if side is Side.MASKS:
        nothing.add(choose_void_label(evidence))
    return {
        label: count
        for label, count in counts.items()
        if 0 <= label < MOST_CLASSES and label not in nothing
    }


def choose_void_label(evidence: Evidence) -> int:
    """Return the label for pixels of no class: the ignore label unless it is a class, or 255."""
    declared = evidence.interpretation.ignore_index
    return VOID if declared is None or declared in evidence.interpretation.classes else declared


def is_void_background(evidence: Evidence) -> bool:
    """Return whether the masks hold void mostly where background is predicted."""
    pairs = evidence.pairs.pooled()
    void = (pairs.truth == VOID_LABELS[0]) | (pairs.truth == VOID_LABELS[1])
    void |= pairs.truth == choose_void_label(evidence)
    return 2 * pairs.where(void & (pairs.prediction == 0)).total > pairs.where(void).total


def list_labels_by_image(evidence: Evidence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each truth label of each image once, and the image it is in."""
    truth, image = [], []
    for block in evidence.pairs.blocks():
        starts = block.truth_starts
        truth.append(block.truth[starts])
        image.append(block.image[starts])
    return np.concatenate(truth), np.concatenate(image)


def find_majority_predictions(evidence: Evidence) -> dict[int, MajorityPrediction]:
    """Return the commonest prediction for each truth label; the smaller id on ties."""
    pairs = evidence.pairs.pooled()
    labels, starts = np.unique(pairs.truth, return_index=True)
    if not len(labels):
        return {}
    totals = np.add.reduceat(pairs.count, starts)
    best = np.lexsort((pairs.prediction, -pairs.count, pairs.truth))[starts]
    return {
        label: MajorityPrediction(*numbers)
        for label, *numbers in zip(
            labels.tolist(),
            pairs.prediction[best].tolist(),
            pairs.count[best].tolist(),
            totals.tolist(),
            strict=True,
        )
    }


def has_expected_majorities(evidence: Evidence, expected: Mapping[int, int]) -> bool:
    """Return whether most truth pixels lie in labels whose commonest prediction is expected.

    At least two labels must be so: one alone is what a collapsed model gives.

    Args:
        evidence: the facts.
        expected: truth label to predicted label; others are not looked at.
    """
    known = {
        label: favourite
        for label, favourite in find_majority_predictions(evidence).items()
        if label in expected and favourite.total >= FEWEST_PIXELS
    }
    agreeing = [
        favourite.total
        for label, favourite in known.items()
        if favourite.prediction == expected[label]
    ]
    return len(agreeing) >= 2 and 2 * sum(agreeing) > sum(f.total for f in known.values())


def score_as_given(evidence: Evidence) -> float:
    """Return the doctor's mean IoU of the ids as they are; 0 where no pixel counts."""
    return evidence.repaired.mean_iou or 0.0


def score_repaired(evidence: Evidence, repair: Repair) -> float:
    """Return the doctor's mean IoU after a repair of ids; 0 where no pixel counts."""
    interpretation, pairs = evidence.interpretation, evidence.pairs.pooled()
    ignore = interpretation.ignore_index if repair.ignore_index is None else repair.ignore_index
    after = compute_score(
        pairs=repair.relabel(pairs) if repair.relabel else pairs,
        num_classes=repair.num_classes or interpretation.num_classes,
        ignore_index=ignore,
    )
    return after.mean_iou or 0.0


def is_far_better(evidence: Evidence, repair: Repair) -> bool:
    """Return whether a repair of ids gives far more than the ids as they are."""
    base = score_as_given(evidence)
    return score_repaired(evidence, repair) >= max(base + GAIN, FACTOR * base)


def choose_labelled_side(evidence: Evidence) -> Side:
    """Return the side whose ids are stored as ids, the masks if both are."""
    return Side.PREDICTIONS if evidence.interpretation.y_true.is_dense else Side.MASKS


def find_best_exchange(evidence: Evidence) -> dict[int, int]:
    """Return truth id to predicted id where the best exchange of ids moves it for a reason."""
    from scipy.optimize import linear_sum_assignment

    classes, pairs = evidence.interpretation.num_classes, evidence.pairs.pooled()
    inside = (pairs.truth >= 0) & (pairs.truth < classes)
    if evidence.interpretation.ignore_index is not None:
        inside &= pairs.truth != evidence.interpretation.ignore_index
    pairs = pairs.where(inside & (pairs.prediction >= 0) & (pairs.prediction < classes))
    both = np.zeros((classes, classes))
    both[pairs.truth, pairs.prediction] = pairs.count
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    iou = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    truth, predicted = linear_sum_assignment(iou, maximize=True)
    reason = both[truth, predicted] > both[truth, truth]
    return dict(zip(truth[reason].tolist(), predicted[reason].tolist(), strict=True))


def is_exchange_better(evidence: Evidence, shift: Repair) -> bool:
    """Return whether an exchange of ids explains clearly more than a shift of all of them.

    A shift loses the class at the end of the ids; an exchange keeps all.
    """
    moves = find_best_exchange(evidence)
    if not moves or set(moves) != set(moves.values()):
        return False
    exchanged = build_relabelling("exchange ids", side=Side.MASKS, table=moves, safe=True)
    return score_repaired(evidence, exchanged) >= score_repaired(evidence, shift) + CLEARLY
