"""One array numbers the classes from 1 and the other from 0.

Masks of Oxford-IIIT Pet hold 1..3, and those of ADE20K 1..150 with 0 for unlabelled pixels, while a
softmax has channels 0..C-1. Every pixel is then compared with the neighbouring class and almost
nothing agrees: ADE20K scores 0.0007, and perfect predictions may score 0.

    masks 1 2 3,  predictions 0 1 2      masks = masks.astype("int32") - 1

If 0 means unlabelled, map it to the ignore label: in uint8, 0 - 1 is 255. If it is the last id of
the other array, as a background that is last there, the ids are rotated: see IOU407.
"""

from collections.abc import Mapping

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.background_channel import lacks_background_channel
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    choose_void_label,
    count_class_ids,
    has_expected_majorities,
    is_far_better,
    is_void_background,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._recoding import is_other_numbering
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_CLASS_IDS
from iou_doctor.checks.wording import format_ids
from iou_doctor.datasets import load_data_set
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU404",
    name="labels-off-by-one",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="one array numbers the classes from 1 and the other from 0",
    symptom=Symptom.NUMBERING,
    explains=OF_CLASS_IDS,
    also_explains=("channel-count-mismatch", "ignored-class-in-range"),
    needs=Needs.NEW_DATA,
)

LEAST_SAME_IDS = 0.5
"""Minimum mean IoU after the shift if both arrays hold the same ids."""


def find(evidence: Evidence) -> Result:
    """Compare the scores of masks - 1 and of predictions - 1 with that of the ids as given."""
    if lacks_background_channel(evidence):
        return []  # background is no void
    for side in (Side.MASKS, Side.PREDICTIONS):
        if _is_one_above(evidence, side) and not _is_zero_label_reduced(evidence, side):
            table = _build_table(evidence, side)
            repair = _build_repair(evidence, side, table)
            if not is_far_better(evidence, repair) or _is_doubtful(evidence, repair):
                continue
            if not is_other_numbering(evidence, repair):
                return [_report(evidence, side, table, repair)]
    return []


def _is_doubtful(evidence: Evidence, repair: Repair) -> bool:
    """Return whether both arrays hold the same ids, of which a shift loses one, and fit badly.

    A weak model may confuse each class of a few images with the next one.
    """
    masks, predictions = (count_class_ids(evidence, side).keys() for side in Side)
    return masks == predictions and score_repaired(evidence, repair) < LEAST_SAME_IDS


def _is_one_above(evidence: Evidence, side: Side) -> bool:
    """Return whether most ids of this array are one above those of the other array."""
    step = -1 if side is Side.MASKS else 1
    masks = count_class_ids(evidence, Side.MASKS)
    return has_expected_majorities(
        evidence, {label: label + step for label in masks if label + step >= 0}
    )


def _is_zero_label_reduced(evidence: Evidence, side: Side) -> bool:
    """Return whether the other array was lowered by mistake: the rule `zero-label-reduced`."""
    if side is Side.PREDICTIONS:
        return is_void_background(evidence)
    masks = count_class_ids(evidence, Side.MASKS)
    predictions = count_class_ids(evidence, Side.PREDICTIONS)
    interpretation = evidence.interpretation
    last = interpretation.num_classes - 1
    # masks fill 0..C-1, so 0 is a class, and no prediction reaches the last one
    is_class_0 = (
        interpretation.num_classes_declared and 0 in masks and interpretation.ignore_index != 0
    )
    return is_class_0 and max(masks) == last and last not in predictions


def _build_table(evidence: Evidence, side: Side) -> dict[int, int]:
    """Return old label to new label: each id minus 1, and 0 to the void label if 0 is in use."""
    ids = count_class_ids(evidence, side)
    table = {
        label: label - 1 for label in range(1, max(ids, default=0) + 1) if label not in VOID_LABELS
    }
    if 0 in ids or (side is Side.MASKS and evidence.interpretation.ignore_index == 0):
        table[0] = choose_void_label(evidence)
    return table


def _build_repair(evidence: Evidence, side: Side, table: Mapping[int, int]) -> Repair:
    void = choose_void_label(evidence)
    names_void = side is Side.MASKS and 0 in table and evidence.interpretation.ignore_index != void
    return build_relabelling(
        f"{side} - 1",
        side=side,
        table=table,
        safe=True,
        ignore_index=void if names_void else None,
    )


def _report(evidence: Evidence, side: Side, table: Mapping[int, int], repair: Repair) -> Finding:
    from iou_doctor.checks.labels._repair_code import write_shift  # only if the rule fires

    masks = count_class_ids(evidence, Side.MASKS)
    predictions = count_class_ids(evidence, Side.PREDICTIONS)
    after = score_repaired(evidence, repair)
    code = write_shift(evidence, side, -1, table)
    return Finding(
        RULE,
        message=f"masks hold {format_ids(masks)} and predictions {format_ids(predictions)}: the"
        f" mean IoU is {score_as_given(evidence):.4f} as given and {after:.4f} with"
        f" {side} - 1{_name_data_set(masks)}",
        help=code
        if repair.ignore_index is None
        else f"{code}, and --ignore-index {repair.ignore_index}",
        facts={
            "array": side.value,
            "shift": -1,
            "zero_pixels": count_class_ids(evidence, side).get(0, 0),
            "mean_iou": evidence.repaired.mean_iou,
            "mean_iou_shifted": after,
        },
        repair=repair,
    )


def _name_data_set(masks: Mapping[int, int]) -> str:
    """Return an addition to the message if these are the ids of a data set that starts at 1."""
    pets = load_data_set("oxford_pets")
    if set(masks) != {label.id for label in pets.labels}:
        return ""
    return f"; the ids are those of {pets.title}"
