"""Masks whose values are no class ids but stand for them: greys, stretched ids, JPEG noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_code_of_no_class
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

CONSEQUENCES = frozenset(
    {
        "label-out-of-range",
        "prediction-out-of-range",
        "undeclared-void-label",
        "labels-off-by-one",
        "zero-label-reduced",
        "permuted-classes",
        "foreign-label-ids",
        "inverted-masks",
        "instance-ids",
        "num-classes-too-large",
        "absent-class",
        "unlabelled-class-predicted",
        "dropped-pixels",
        "suspicious-perfect-score",
        "metric-misreads-arrays",
        "class-imbalance",
        "collapsed-predictions",
        "never-predicted-class",
        "score-regression",
    }
)
"""What fires when mask values are no ids, only because of that."""
CHANCE = 0.01
"""Values that fit a known set by chance this seldom are no chance."""


def mask_labels(evidence: Evidence) -> dict[int, int]:
    """Return the pixels of each label of masks of labels, the ignore label left out."""
    if evidence.interpretation.y_true is not Encoding.LABELS:
        return {}
    return {
        label: count
        for label, count in evidence.pairs.truth_counts().items()
        if not is_code_of_no_class(label) and label != evidence.interpretation.ignore_index
    }


def predicted_classes(evidence: Evidence) -> int:
    """Return how many classes the predictions and the user speak of."""
    interpretation = evidence.interpretation
    if (
        interpretation.num_classes_declared
        or interpretation.y_pred.is_dense
        or interpretation.y_pred.is_thresholded
    ):
        return interpretation.num_classes
    predicted = [label for label in evidence.pairs.prediction_counts() if 0 <= label < 255]
    return max(predicted, default=0) + 1


def outside_classes(evidence: Evidence, labels: Iterable[int]) -> bool:
    """Return whether most labels but 0 are beyond the ids that masks may hold."""
    nonzero = [label for label in labels if label != 0]
    beyond = [label for label in nonzero if label >= predicted_classes(evidence)]
    return bool(nonzero) and 2 * len(beyond) > len(nonzero)


def by_chance(labels: Iterable[int], known: int) -> bool:
    """Return whether labels beside 0 might lie in a set of `known` grey values by chance."""
    drawn = [label for label in labels if label != 0]
    return bool((known / 256) ** len(drawn) > CHANCE)


def value_repair(
    evidence: Evidence,
    name: str,
    table: Mapping[int, int],
    *,
    safe: bool,
    void: int | None = None,
) -> Repair:
    """Return the repair of mask values that also settles the number of classes.

    Args:
        evidence: for what the user declared.
        name: of the repair.
        table: mask value to id.
        safe: whether the ids are beyond doubt.
        void: the id among them that means no class, if there is one.
    """
    interpretation = evidence.interpretation
    most = max((label for label in table.values() if label != void), default=0) + 1
    return build_relabelling(
        name,
        side=Side.MASKS,
        table=table,
        safe=safe,
        num_classes=None
        if interpretation.num_classes_declared
        else max(2, most, predicted_classes(evidence)),
        ignore_index=void if interpretation.ignore_index is None else None,
    )
