"""Masks and predictions number the same classes from 1 and from 0.

Masks of Oxford Pets hold 1..3, those of ADE20K 1..150 with 0 for nothing, and a softmax has
channels 0..C-1. Every pixel is then compared with the neighbouring class: next to nothing agrees,
and 0.0007 on ADE20K or 0.0 for perfect predictions is the result.

    masks 1 2 3,  predictions 0 1 2      masks = masks.astype("int32") - 1

Where 0 means nothing, make it the ignore label: in uint8, 0 - 1 is 255.
"""

from collections.abc import Mapping

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    choose_void_label,
    count_class_ids,
    has_expected_majorities,
    is_exchange_better,
    is_far_better,
    is_void_background,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import VOID_LABELS
from iou_doctor.checks.wording import format_ids
from iou_doctor.datasets import data_set
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU404",
    name="labels-off-by-one",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="one side numbers the classes from 1 and the other from 0",
    explains=frozenset(
        {
            "label-out-of-range",
            "prediction-out-of-range",
            "channel-count-mismatch",
            "undeclared-void-label",
            "ignored-class-in-range",
            "absent-class",
            "unlabelled-class-predicted",
            "dropped-pixels",
            "suspicious-perfect-score",
            "metric-misreads-arrays",
            "never-predicted-class",
            "score-regression",
        }
    ),
)


def find(evidence: Evidence) -> Result:
    """Compare the score of masks - 1, and of predictions - 1, with that of the ids as they are."""
    for side in (Side.MASKS, Side.PREDICTIONS):
        if _one_above(evidence, side) and not _is_another_rule(evidence, side):
            repair = _shifted(evidence, side)
            if is_far_better(evidence, repair) and not is_exchange_better(evidence, repair):
                return [_finding(evidence, side, repair)]
    return []


def _one_above(evidence: Evidence, side: Side) -> bool:
    step = -1 if side is Side.MASKS else 1
    masks = count_class_ids(evidence, Side.MASKS)
    return has_expected_majorities(
        evidence, {label: label + step for label in masks if label + step >= 0}
    )


def _is_another_rule(evidence: Evidence, side: Side) -> bool:
    """Return whether the lower side was lowered wrongly: `zero-label-reduced`."""
    masks, predictions = (
        count_class_ids(evidence, Side.MASKS),
        count_class_ids(evidence, Side.PREDICTIONS),
    )
    last = evidence.interpretation.num_classes - 1
    if side is Side.MASKS:
        # masks fill 0..C-1, so 0 is a class, and no prediction reaches the last one
        interpretation = evidence.interpretation
        class_0 = (
            interpretation.num_classes_declared and 0 in masks and interpretation.ignore_index != 0
        )
        return class_0 and max(masks) == last and last not in predictions
    return is_void_background(evidence)


def _shifted(evidence: Evidence, side: Side) -> Repair:
    ids = count_class_ids(evidence, side)
    void = choose_void_label(evidence)
    table = {
        label: label - 1 for label in range(1, max(ids, default=0) + 1) if label not in VOID_LABELS
    }
    zero = 0 in ids or (side is Side.MASKS and evidence.interpretation.ignore_index == 0)
    if zero:
        table[0] = void
    named = side is Side.MASKS and zero and evidence.interpretation.ignore_index != void
    return build_relabelling(
        f"{side} - 1",
        side=side,
        table=table,
        safe=True,
        ignore_index=void if named else None,
    )


def _finding(evidence: Evidence, side: Side, repair: Repair) -> Finding:
    masks, predictions = (
        count_class_ids(evidence, Side.MASKS),
        count_class_ids(evidence, Side.PREDICTIONS),
    )
    zero = count_class_ids(evidence, side).get(0, 0)
    after = score_repaired(evidence, repair)
    return Finding(
        RULE,
        message=f"masks hold {format_ids(masks)} and predictions {format_ids(predictions)}: as"
        f" they are the mean IoU is {score_as_given(evidence):.4f}, with {side} - 1 it is"
        f" {after:.4f}{_known(masks)}",
        help=_help(evidence, side, repair),
        facts={
            "array": side.value,
            "shift": -1,
            "zero_pixels": zero,
            "mean_iou": evidence.repaired.mean_iou,
            "mean_iou_shifted": after,
        },
        repair=repair,
    )


def _known(masks: Mapping[int, int]) -> str:
    """Return which data set counts so by design, where one is known."""
    pets = data_set("oxford_pets")
    if set(masks) != {label.id for label in pets.labels}:
        return ""
    return f"; the ids are those of {pets.title}"


def _help(evidence: Evidence, side: Side, repair: Repair) -> str:
    void = choose_void_label(evidence)
    if repair.ignore_index is None:
        return f'{side} = {side}.astype("int32") - 1'
    return (
        f'{side} = np.where({side} == 0, {void}, {side}.astype("int32") - 1), and'
        f" --ignore-index {void}"
    )
