"""The zero label was taken away from classes where 0 is one of them, or from one side only.

`reduce_zero_label` (or `do_reduce_labels`) turns 0 into 255 and k into k-1. That is right for
ADE20K, whose 0 means nothing. Where 0 is the background, it makes the background void and shifts
every other class; done twice (by the loader and by the evaluation), it takes a class away.

    masks 0 1 2  become  255 0 1,  predictions stay 0 1 2

Switch it off where 0 is a class. Arrays already saved are undone by adding 1, with 255 as 0.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    choose_void_label,
    count_class_ids,
    has_expected_majorities,
    is_exchange_better,
    is_far_better,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import VOID_LABELS
from iou_doctor.checks.wording import format_count, format_ids
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU405",
    name="zero-label-reduced",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the zero label was reduced where 0 is a class, or on one side only",
    explains=frozenset(
        {
            "label-out-of-range",
            "prediction-out-of-range",
            "undeclared-void-label",
            "absent-class",
            "unlabelled-class-predicted",
            "dropped-pixels",
            "suspicious-perfect-score",
            "metric-misreads-arrays",
            "class-imbalance",
            "never-predicted-class",
            "score-regression",
        }
    ),
)


def find(evidence: Evidence) -> Result:
    """Compare the score of masks + 1, and of predictions + 1, with that of the ids as they are."""
    if evidence.has_found("labels-off-by-one", "masks-0-255"):
        return []  # 0 and 255 alone: inverted-masks says the same
    for side in (Side.MASKS, Side.PREDICTIONS):
        if _one_below(evidence, side):
            repair = _undone(evidence, side)
            if is_far_better(evidence, repair) and not is_exchange_better(evidence, repair):
                return [_finding(evidence, side, repair)]
    return []


def _one_below(evidence: Evidence, side: Side) -> bool:
    masks = count_class_ids(evidence, Side.MASKS)
    if side is Side.PREDICTIONS:
        return has_expected_majorities(evidence, {label: label - 1 for label in masks if label})
    voids = _voids(evidence)
    if not voids:  # masks that lack the zero label as well are off by one
        return False
    return has_expected_majorities(
        evidence, {label: label + 1 for label in masks} | dict.fromkeys(voids, 0)
    )


def _voids(evidence: Evidence) -> set[int]:
    return {
        *VOID_LABELS,
        choose_void_label(evidence),
    } & evidence.pairs.pooled().truth_counts().keys()


def _undone(evidence: Evidence, side: Side) -> Repair:
    ids = count_class_ids(evidence, side)
    voids = _voids(evidence) if side is Side.MASKS else {VOID_LABELS[0]}
    table = {label: label + 1 for label in range(max(ids, default=0) + 1)}
    return build_relabelling(
        f"{side} + 1, {max(voids)} to 0",
        side=side,
        table=table | dict.fromkeys(voids, 0),
        safe=False,
    )


def _finding(evidence: Evidence, side: Side, repair: Repair) -> Finding:
    masks, predictions = (
        count_class_ids(evidence, Side.MASKS),
        count_class_ids(evidence, Side.PREDICTIONS),
    )
    counts = evidence.pairs.pooled().truth_counts()
    void = sum(counts[label] for label in _voids(evidence))
    after = score_repaired(evidence, repair)
    seen = f" and void in {format_count(void, 'pixel')}" if side is Side.MASKS else ""
    return Finding(
        RULE,
        message=f"masks hold {format_ids(masks)}{seen}, predictions {format_ids(predictions)}: as"
        f" they are the mean IoU is {score_as_given(evidence):.4f}, with {side} + 1 it is"
        f" {after:.4f}",
        help=f"switch reduce_zero_label off; saved arrays: {side} ="
        f' np.where({side} == 255, 0, {side}.astype("int32") + 1)',
        facts={
            "array": side.value,
            "void_pixels": void,
            "mean_iou": evidence.repaired.mean_iou,
            "mean_iou_undone": after,
        },
        repair=repair,
    )
