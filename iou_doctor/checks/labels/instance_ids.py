"""The masks or the predictions hold instance ids instead of class ids.

Instance masks give each object an id of its own: 1000 · class + number in Cityscapes, 256 · class +
number in KITTI, consecutive numbers elsewhere. Read as class ids, nearly all of them are out of
range and dropped, or every object except one counts as a miss. Stored in 8 bits, the ids wrap: 256
becomes 0.

    masks 7 8 26000 26001      masks = np.where(masks >= 1000, masks // 1000, masks)

Use the data set's semantic masks. If the segments of all classes are numbered from 1 in each image,
only the list of segments of that image tells their classes. Consecutive numbers only distinguish
objects from background. If the predictions number objects, too, an object has another number in
each array: match the objects of each image, and use a metric for instances.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._instances import IDS_PER_CLASS, Objects, find_numbered_objects
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, join_words
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

if TYPE_CHECKING:
    from iou_doctor.checks.labels._divided_ids import Division
    from iou_doctor.checks.labels._two_numberings import NumberedTwice

FEWEST_NUMBERED = 3
"""Minimum number of distinct ids of two arrays that may both number objects."""
BINARY = ({0, 1}, {0, 255})
"""The labels of an array that only tells object from background."""
EIGHT_BITS = 256
"""Masks of 8 bits hold no class with a number."""
CAUSES = (
    "colour-masks",
    "jpeg-masks",
    "palette-read-as-grey",
    "stretched-labels",
    "labels-off-by-one",
    "zero-label-reduced",
    "foreign-label-ids",
)
"""If one of these rules has fired, it says what the ids are."""

RULE = Rule(
    code="IOU410",
    name="instance-ids",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks or the predictions hold instance ids instead of class ids",
    symptom=Symptom.NUMBERING,
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.CLASSES
    | Symptom.ABSENT_CLASSES
    | Symptom.PERFECT_SCORE,
    also_explains=(
        "channel-count-mismatch",
        "class-imbalance",
        "label-out-of-range",
        "faulty-samples",
        "non-finite-masks",
        "prediction-out-of-range",
        "undeclared-void-label",
    ),
    after=(*CAUSES, "masks-0-255"),
)


def find(evidence: Evidence) -> Result:
    """Look for ids that are one object each, in one array or both, and for a class in the ids."""
    if evidence.has_found(*CAUSES):
        return []
    twice = _find_objects_on_both_sides(evidence)
    if twice is not None:
        return [_report_both_sides(evidence, twice)]
    side, objects = _find_objects(evidence)
    if isinstance(objects, Objects) and side is not None:
        # running numbers divide into 0 and 1, too
        return [_report_objects(evidence, side, objects)]
    division = _find_division(evidence)
    if division is not None:
        return [_report_division(evidence, division)]
    if objects is None and (segments := _find_segments(evidence)):
        return segments
    if objects is None or isinstance(objects, Skipped):
        return objects or []
    return [_report_objects(evidence, Side.MASKS, objects)]


def _find_objects_on_both_sides(evidence: Evidence) -> NumberedTwice | None:
    truths, predictions = evidence.pairs.count_truths(), evidence.pairs.count_predictions()
    if min(len(truths), len(predictions)) <= FEWEST_NUMBERED:
        return None
    from iou_doctor.checks.labels._two_numberings import find_objects_on_both_sides

    return find_objects_on_both_sides(evidence)


def _find_objects(evidence: Evidence) -> tuple[Side | None, Objects | Skipped | None]:
    """Return the evidence that ids are objects, and their array if the other one holds 0 and 1."""
    truths, predictions = evidence.pairs.count_truths(), evidence.pairs.count_predictions()
    objects = find_numbered_objects(evidence)
    if isinstance(objects, Objects) and predictions.keys() <= {0, 1}:
        return Side.MASKS, objects
    side = _find_foreground(truths, predictions)
    if side is None:
        return None, objects
    from iou_doctor.checks.labels._foreground import find_objects_beside_foreground

    beside = find_objects_beside_foreground(evidence, side)
    return (side, beside) if beside is not None else (None, objects)


def _find_division(evidence: Evidence) -> Division | None:
    if max(evidence.pairs.count_truths(), default=0) < EIGHT_BITS:
        return None
    from iou_doctor.checks.labels._divided_ids import find_division

    return find_division(evidence)


def _find_segments(evidence: Evidence) -> list[Finding]:
    if evidence.pairs.count_truths().keys() == evidence.pairs.count_predictions().keys():
        return []
    from iou_doctor.checks.labels import _numbers_by_image as numbers_by_image  # only if ids differ

    found = numbers_by_image.find_numbers_by_image(evidence)
    return [] if found is None else [numbers_by_image.report_numbers_by_image(RULE, found)]


def _find_foreground(truths: Mapping[int, int], predictions: Mapping[int, int]) -> Side | None:
    """Return the side that may number objects while the other one holds 0 and 1, or 0 and 255.

    Predictions may also number the objects of several classes.
    """
    if len(truths) > 2 and predictions.keys() in BINARY:
        return Side.MASKS
    are_many = {0, 1} <= truths.keys() and len(predictions) >= IDS_PER_CLASS * len(truths)
    if len(predictions) > 2 and (truths.keys() in BINARY or are_many):
        return Side.PREDICTIONS
    return None


def _report_both_sides(evidence: Evidence, twice: NumberedTwice) -> Finding:
    masks, predictions = twice.masks, twice.predictions
    before, after = score_as_given(evidence), score_repaired(evidence, twice.repair)
    how = "each in its own way" if twice.differ else "and most objects have the same number"
    verdict = "says nothing" if twice.differ else "compares objects and not classes"
    has_rest = 0 in evidence.pairs.count_truths() and 0 in evidence.pairs.count_predictions()
    return Finding(
        RULE,
        message=f"both arrays number objects, {how}: {masks.connected} of {masks.examined} mask ids"
        f" and {predictions.connected} of {predictions.examined} predicted ids examined are one"
        f" connected region in their image, so a mean IoU by id {verdict}: it is {before:.4f}"
        + (f", and {after:.4f} with > 0 on both sides" if has_rest else ""),
        help="match the objects of each image and score them with a metric for instances (average"
        " precision, panoptic quality)"
        + (
            "; for the semantic score, masks = masks > 0; predictions = predictions > 0"
            if has_rest
            else ""
        ),
        facts={
            "distinct_ids": len(evidence.pairs.count_truths()),
            "looked_at": masks.examined,
            "one_blob": masks.connected,
            "pattern": "objects on both sides",
        },
        repair=twice.repair if has_rest else None,  # without background, all is object
        severity_override=None if twice.is_harmful else Severity.WARNING,
    )


def _report_objects(evidence: Evidence, side: Side, objects: Objects) -> Finding:
    pairs = evidence.pairs.pool()
    ids = len(pairs.count_truths() if side is Side.MASKS else pairs.count_predictions())
    semantic = (
        "use the data set's semantic masks; instance ids only tell objects from background"
        if side is Side.MASKS
        else "the predictions number objects, as a segmenter of instances does; as classes, they"
        " only tell objects from background"
    )
    # only if the rule fires
    from iou_doctor.checks.labels._foreground import keep_foreground, write_foreground

    repair = keep_foreground(evidence, side)
    return Finding(
        RULE,
        message=f"{side} hold {ids} ids in {format_count(evidence.stats.samples, 'image')}, and"
        f" {objects.connected} of the {objects.examined} ids examined are one connected region in"
        f" their image: {objects.pattern}",
        help=f"{semantic}: {write_foreground(side, repair)}",
        facts={
            "distinct_ids": ids,
            "looked_at": objects.examined,
            "one_blob": objects.connected,
            "pattern": objects.pattern,
        },
        repair=repair,
    )


def _report_division(evidence: Evidence, division: Division) -> Finding:
    before, after = score_as_given(evidence), score_repaired(evidence, division.repair)
    first, second = (f"{division.factor} times", "a class plus a number")
    if not division.is_upper:
        second = "a number plus a class"
    return Finding(
        RULE,
        message=f"masks hold {join_words(division.labels)}, which are {first} {second}: the mean"
        f" IoU is {before:.4f} as given and {after:.4f} after {division.repair.name}",
        help=division.write_help(list(evidence.pairs.count_truths())),
        facts={
            "distinct_ids": len(division.labels),
            "pattern": division.pattern,
            "mean_iou": evidence.repaired.mean_iou,
            "mean_iou_divided": after,
        },
        repair=division.repair,
    )
