"""`reduce_zero_label` was applied where 0 is a class, or to one array only.

`reduce_zero_label` (or `do_reduce_labels`) turns 0 into 255 and k into k-1. That is right for
ADE20K, whose 0 means unlabelled. If 0 is the background, it turns the background into void and
shifts every other class. Done twice, by the loader and by the evaluation, it removes a class.

    masks 0 1 2  become  255 0 1,  predictions stay 0 1 2

Switch it off if 0 is a class. To undo it in saved arrays, add 1 and turn 255 back into 0.
"""

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.background_channel import lacks_background_channel
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    choose_void_label,
    count_class_ids,
    has_expected_majorities,
    is_far_better,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._recoding import is_other_numbering
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_CLASS_IDS
from iou_doctor.checks.unknown_labels import DEFAULT_VOID
from iou_doctor.checks.wording import format_count, format_ids
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU405",
    name="zero-label-reduced",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the zero label was reduced where 0 is a class, or in one array only",
    symptom=Symptom.NUMBERING,
    explains=OF_CLASS_IDS,
    also_explains=("channel-count-mismatch", "class-imbalance"),
    after=("labels-off-by-one", "masks-0-255"),
    needs=Needs.NEW_DATA,
)

TWO_CLASSES, LEAST_OF_TWO = 2, 0.6
"""Minimum mean IoU of two classes after it. As given, masks of 0 and void may lack the object, so
that a model which never saw it predicts anything: one reached 0.53 after its first epoch."""


def find(evidence: Evidence) -> Result:
    """Compare the scores of masks + 1 and of predictions + 1 with that of the ids as given."""
    if evidence.has_found("labels-off-by-one", "masks-0-255"):
        return []  # masks of 0 and 255 only: inverted-masks reports the same
    if lacks_background_channel(evidence):
        return []  # background is no void
    for side in (Side.MASKS, Side.PREDICTIONS):
        if _is_one_below(evidence, side):
            table = _build_table(evidence, side)
            repair = _build_repair(side, table)
            if not is_far_better(evidence, repair) or _may_be_object(evidence, repair):
                continue
            if not is_other_numbering(evidence, repair):
                return [_report(evidence, side, table, repair)]
    return []


def _may_be_object(evidence: Evidence, repair: Repair) -> bool:
    """Return whether masks of 0 and an ignored 255 fit so badly that 255 may be the object.

    A model that has never been shown the object predicts anything.
    """
    interpretation = evidence.interpretation
    void = {interpretation.ignore_index, *VOID_LABELS}
    if interpretation.num_classes != TWO_CLASSES or evidence.pairs.count_truths().keys() - void > {
        0
    }:
        return False
    return score_repaired(evidence, repair) < LEAST_OF_TWO


def _is_one_below(evidence: Evidence, side: Side) -> bool:
    """Return whether most ids of this array are one below those of the other array."""
    masks = count_class_ids(evidence, Side.MASKS)
    if side is Side.PREDICTIONS:
        return has_expected_majorities(evidence, {label: label - 1 for label in masks if label})
    voids = _list_voids(evidence)
    if not voids:  # without void nothing became of the zero label, so they are off by one
        return False
    return has_expected_majorities(
        evidence, {label: label + 1 for label in masks} | dict.fromkeys(voids, 0)
    )


def _list_voids(evidence: Evidence) -> set[int]:
    """Return the labels of the masks that mean void, the declared one included."""
    known = {*VOID_LABELS, choose_void_label(evidence)}
    return known & evidence.pairs.pool().count_truths().keys()


def _build_table(evidence: Evidence, side: Side) -> dict[int, int]:
    """Return old label to new label: each id plus 1, and void to 0."""
    ids = count_class_ids(evidence, side)
    voids = _list_voids(evidence) if side is Side.MASKS else {DEFAULT_VOID}
    table = {label: label + 1 for label in range(max(ids, default=0) + 1)}
    return table | dict.fromkeys(voids, 0)


def _build_repair(side: Side, table: dict[int, int]) -> Repair:
    void = max(label for label, new in table.items() if new == 0)
    return build_relabelling(f"{side} + 1, {void} to 0", side=side, table=table, safe=False)


def _report(evidence: Evidence, side: Side, table: dict[int, int], repair: Repair) -> Finding:
    from iou_doctor.checks.labels._repair_code import write_shift  # only if the rule fires

    masks = count_class_ids(evidence, Side.MASKS)
    predictions = count_class_ids(evidence, Side.PREDICTIONS)
    counts = evidence.pairs.pool().count_truths()
    void = sum(counts[label] for label in _list_voids(evidence))
    after = score_repaired(evidence, repair)
    also_void = f" and void in {format_count(void, 'pixel')}" if side is Side.MASKS else ""
    return Finding(
        RULE,
        message=f"masks hold {format_ids(masks)}{also_void}, predictions {format_ids(predictions)}:"
        f" the mean IoU is {score_as_given(evidence):.4f} as given and {after:.4f} with {side} + 1",
        help=f"switch reduce_zero_label off; to undo it in saved arrays:"
        f" {write_shift(evidence, side, 1, table)}",
        facts={
            "array": side.value,
            "void_pixels": void,
            "mean_iou": evidence.repaired.mean_iou,
            "mean_iou_undone": after,
        },
        repair=repair,
    )
