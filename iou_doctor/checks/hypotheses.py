"""Test hypotheses about class ids: what would the score be if the ids meant other classes?

A hypothesis is a repair that maps ids. The counts of label pairs give the exact score after it.
A check accepts a hypothesis if two things hold: the score after the repair is far higher, and the
truth ids of most pixels are predicted most often as the ids that the hypothesis expects. The first
condition prevents false alarms on weak models, the second on models that predict one class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import MOST_CLASSES, VOID_LABELS
from iou_doctor.checks.assignment import assign
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.unknown_labels import DEFAULT_VOID, NO_DATA_LABELS
from iou_doctor.metrics.score import compute_score
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

LEAST_REMAP_GAIN = 0.1
"""Minimum gain in mean IoU. A wrong numbering costs more even if the model has a mean IoU of 0.2,
while chance gains 0.01."""
LEAST_REMAP_FACTOR = 2.0
"""Minimum ratio of the mean IoU after the repair to that before. Ids that mean other classes leave
next to nothing of the score (0.009 of 0.79); if half of it is left, the fault is another one."""
FEWEST_LABEL_PIXELS = 20
"""Minimum number of pixels of a truth label. In fewer, a wrong id can be the most frequent one by
chance.
"""
LEAST_ADVANTAGE = 0.02
"""Mean IoU by which one hypothesis must beat another. In a weak model, exchanging rare classes
gains less than 0.01; a real exchange of one of 21 classes gains 0.02 or more."""


class MajorityPrediction(NamedTuple):
    """The label that the pixels of one truth label are predicted as most often."""

    prediction: int
    pixels: int
    """The pixels of the truth label that are predicted as this label."""
    total: int
    """All pixels of the truth label."""


def count_class_ids(evidence: Evidence, side: Side) -> dict[int, int]:
    """Return the number of pixels of each label of one array that can be a class.

    Labels for void and for missing data are left out.
    """
    pairs = evidence.pairs.pool()
    counts = pairs.count_truths() if side is Side.MASKS else pairs.count_predictions()
    nothing = {*VOID_LABELS, *NO_DATA_LABELS}
    if side is Side.MASKS:
        nothing.add(choose_void_label(evidence))
    return {
        label: count
        for label, count in counts.items()
        if 0 <= label < MOST_CLASSES and label not in nothing
    }


def choose_void_label(evidence: Evidence) -> int:
    """Return the label for pixels of no class: the ignore label unless it is a class, else 255."""
    declared = evidence.interpretation.ignore_index
    return (
        DEFAULT_VOID
        if declared is None or declared in evidence.interpretation.classes
        else declared
    )


def keep_void_apart(evidence: Evidence, side: Side, table: dict[int, int]) -> dict[int, int]:
    """Return the table with another number for the ignore label if a class gets its number."""
    ignored = evidence.interpretation.ignore_index
    if side is Side.PREDICTIONS or ignored is None or ignored not in table.values():
        return table
    return table | {ignored: choose_void_label(evidence)}


def find_new_void(evidence: Evidence, side: Side, table: Mapping[int, int]) -> int | None:
    """Return what a table makes of the ignore label; `None` if the label stays."""
    ignored = evidence.interpretation.ignore_index
    return None if ignored is None or side is Side.PREDICTIONS else table.get(ignored)


def is_void_background(evidence: Evidence) -> bool:
    """Return whether most void pixels of the masks are predicted as background (0)."""
    pairs = evidence.pairs.pool()
    void = (pairs.truth == VOID_LABELS[0]) | (pairs.truth == VOID_LABELS[1])
    void |= pairs.truth == choose_void_label(evidence)
    return 2 * pairs.keep_rows(void & (pairs.prediction == 0)).total > pairs.keep_rows(void).total


def list_labels_by_image(
    evidence: Evidence, side: Side = Side.MASKS
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct labels of one side in every image, and for each of them the image."""
    truth, image = [], []
    pairs = evidence.pairs if side is Side.MASKS else evidence.pairs.swap_sides()
    for block in pairs.iterate_blocks():
        starts = block.truth_starts
        truth.append(block.truth[starts])
        image.append(block.image[starts])
    return np.concatenate(truth), np.concatenate(image)


def find_majority_predictions(evidence: Evidence) -> dict[int, MajorityPrediction]:
    """Return the most frequent prediction for each truth label; if two tie, the smaller id."""
    pairs = evidence.pairs.pool()
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
    """Return whether most truth pixels have a label that is mostly predicted as expected.

    This must hold for at least two labels, since it holds for one in a model that predicts a single
    class.

    Args:
        evidence: the facts.
        expected: the predicted label for each truth label; other truth labels are left out.
    """
    known = {
        label: majority
        for label, majority in find_majority_predictions(evidence).items()
        if label in expected and majority.total >= FEWEST_LABEL_PIXELS
    }
    agreeing = [
        majority.total
        for label, majority in known.items()
        if majority.prediction == expected[label]
    ]
    return len(agreeing) >= 2 and 2 * sum(agreeing) > sum(f.total for f in known.values())


def score_as_given(evidence: Evidence) -> float:
    """Return the doctor's mean IoU of the ids as given; 0 if no pixel counts."""
    return evidence.repaired.mean_iou or 0.0


def score_repaired(evidence: Evidence, repair: Repair) -> float:
    """Return the doctor's mean IoU after a repair of ids; 0 if no pixel counts."""
    interpretation, pairs = evidence.interpretation, evidence.pairs.pool()
    ignore = interpretation.ignore_index if repair.ignore_index is None else repair.ignore_index
    after = compute_score(
        pairs=repair.relabel(pairs) if repair.relabel else pairs,
        num_classes=repair.num_classes or interpretation.num_classes,
        ignore_index=ignore,
    )
    return after.mean_iou or 0.0


def is_far_better(evidence: Evidence, repair: Repair) -> bool:
    """Return whether the mean IoU after a repair of ids is far higher than before."""
    base = score_as_given(evidence)
    return score_repaired(evidence, repair) >= max(
        base + LEAST_REMAP_GAIN, LEAST_REMAP_FACTOR * base
    )


def choose_labelled_side(evidence: Evidence) -> Side:
    """Return the side that stores its classes as ids; the masks if both sides do."""
    return Side.PREDICTIONS if evidence.interpretation.y_true.is_dense else Side.MASKS


def find_best_exchange(evidence: Evidence) -> dict[int, int]:
    """Return the exchange of ids that gives the highest mean IoU, from truth id to predicted id.

    Only ids are listed that more pixels follow than stay.
    """
    classes, pairs = evidence.interpretation.num_classes, evidence.pairs.pool()
    inside = (pairs.truth >= 0) & (pairs.truth < classes)
    if evidence.interpretation.ignore_index is not None:
        inside &= pairs.truth != evidence.interpretation.ignore_index
    pairs = pairs.keep_rows(inside & (pairs.prediction >= 0) & (pairs.prediction < classes))
    both = np.zeros((classes, classes))
    both[pairs.truth, pairs.prediction] = pairs.count
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    iou = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    truth, predicted = assign(iou)
    reason = both[truth, predicted] > both[truth, truth]
    return dict(zip(truth[reason].tolist(), predicted[reason].tolist(), strict=True))


def is_exchange_better(evidence: Evidence, shift: Repair) -> bool:
    """Return whether exchanging ids scores clearly higher than shifting all of them.

    A shift loses the class at one end of the ids, while an exchange keeps all classes.
    """
    moves = find_best_exchange(evidence)
    if not moves or set(moves) != set(moves.values()):
        return False
    exchanged = build_relabelling("exchange ids", side=Side.MASKS, table=moves, safe=True)
    return score_repaired(evidence, exchanged) >= score_repaired(evidence, shift) + LEAST_ADVANTAGE
