"""The masks hold instance ids instead of class ids.

Instance masks give each object an id of its own: 1000 · class + number in Cityscapes, consecutive
numbers elsewhere. Read as class ids, nearly all of them are out of range and dropped, or every
object except one counts as a miss. Stored in 8 bits, the ids wrap: 256 becomes 0.

    masks 7 8 26000 26001      masks = np.where(masks >= 1000, masks // 1000, masks)

Use the data set's semantic masks. Consecutive numbers only distinguish objects from background.
"""

from __future__ import annotations

from iou_doctor.arrays.interpretation import MOST_CLASSES, VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    choose_void_label,
    has_expected_majorities,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._instances import Objects, find_numbered_objects
from iou_doctor.checks.labels._numberings import Numbering, load_numberings
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import NO_DATA_LABELS
from iou_doctor.checks.wording import join_words
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU410",
    name="instance-ids",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks hold instance ids instead of class ids",
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
        "non-finite-masks",
        "undeclared-void-label",
    ),
    after=(
        "colour-masks",
        "jpeg-masks",
        "palette-read-as-grey",
        "stretched-labels",
        "labels-off-by-one",
        "zero-label-reduced",
        "foreign-label-ids",
    ),
)

BASE = 1000
"""Cityscapes and its relatives multiply the class id by this number."""
FEWEST_OBJECTS = 3
"""Minimum number of labels of 1000 and more. One or two may be codes of another kind."""


@record
class _Division:
    """A repair that divides the instance ids by 1000."""

    labels: tuple[int, ...]
    """The labels that are instance ids."""
    numbering: Numbering | None
    """The numbering that the quotients belong to; `None` if they are the class ids."""
    repair: Repair


def find(evidence: Evidence) -> Result:
    """Look for 1000 · class + number, then for ids that are one object each."""
    if evidence.has_found("labels-off-by-one", "zero-label-reduced", "foreign-label-ids"):
        return []
    division = _find_division(evidence)
    if division is not None:
        return [_report_division(evidence, division)]
    objects = find_numbered_objects(evidence)
    if objects is None or isinstance(objects, Skipped):
        return objects or []
    return [_report_objects(evidence, objects)]


def _report_objects(evidence: Evidence, objects: Objects) -> Finding:
    ids = len(evidence.pairs.pool().count_truths())
    return Finding(
        RULE,
        message=f"masks hold {ids} ids in {evidence.stats.samples} images, and {objects.connected}"
        f" of the {objects.examined} ids examined are one connected region in their image:"
        f" {objects.pattern}",
        help="use the data set's semantic masks; instance ids only tell objects from background:"
        " masks = masks > 0",
        facts={
            "distinct_ids": ids,
            "looked_at": objects.examined,
            "one_blob": objects.connected,
            "pattern": objects.pattern,
        },
        repair=_keep_foreground(evidence),
    )


def _find_division(evidence: Evidence) -> _Division | None:
    """Return the division by 1000 whose quotients fit the predictions best, if one does."""
    no_class = {*VOID_LABELS, *NO_DATA_LABELS, choose_void_label(evidence)}
    labels = [label for label in evidence.pairs.pool().count_truths() if label not in no_class]
    large = [label for label in labels if label >= BASE]
    if len(large) < FEWEST_OBJECTS or min(labels) < 0 or max(large) >= BASE * MOST_CLASSES:
        return None
    tables: list[tuple[dict[int, int], Numbering | None]] = [
        ({label: label // BASE for label in large}, None)
    ]
    ids = {label: label // BASE if label >= BASE else label for label in labels}
    for numbering in load_numberings():
        if set(ids.values()) <= numbering.table.keys() | numbering.void:
            mapping = numbering.complete_table(choose_void_label(evidence))
            tables.append(({label: mapping[k] for label, k in ids.items()}, numbering))
    fitting = [
        _Division(tuple(large), numbering, _build_repair(evidence, table, numbering))
        for table, numbering in tables
        if has_expected_majorities(evidence, {label: table[label] for label in large})
    ]
    return max(fitting, key=lambda one: score_repaired(evidence, one.repair), default=None)


def _build_repair(evidence: Evidence, table: dict[int, int], numbering: Numbering | None) -> Repair:
    void = choose_void_label(evidence)
    names_void = numbering is not None and evidence.interpretation.ignore_index != void
    return build_relabelling(
        "masks // 1000" + (f", mapped to {numbering.target}" if numbering else ""),
        side=Side.MASKS,
        table=table,
        safe=numbering is None,
        num_classes=numbering.num_classes if numbering else None,
        ignore_index=void if names_void else None,
    )


def _report_division(evidence: Evidence, division: _Division) -> Finding:
    before, after = score_as_given(evidence), score_repaired(evidence, division.repair)
    return Finding(
        RULE,
        message=f"masks hold {join_words(division.labels)}, which are 1000 times a class plus a"
        f" number: the mean IoU is {before:.4f} as given and {after:.4f} after"
        f" {division.repair.name}",
        help=_write_help(evidence, division),
        facts={
            "distinct_ids": len(division.labels),
            "pattern": "1000 * class + number",
            "mean_iou": evidence.repaired.mean_iou,
            "mean_iou_divided": after,
        },
        repair=division.repair,
    )


def _write_help(evidence: Evidence, division: _Division) -> str:
    largest = max(division.labels)
    is_object = "masks >= 1000"
    if max(evidence.pairs.pool().count_truths()) > largest:  # no-data labels stay as they are
        is_object = f"(masks >= 1000) & (masks <= {largest})"
    code = f"masks = np.where({is_object}, masks // 1000, masks)"
    if division.numbering is None:
        return f"{code}, or use the semantic masks"
    return f"{code}, then map the ids to {division.numbering.target}; or use the semantic masks"


def _keep_foreground(evidence: Evidence) -> Repair | None:
    """Return the repair that makes every object class 1; `None` if there are more classes."""
    if evidence.interpretation.num_classes != 2:
        return None
    table = {label: 1 for label in evidence.pairs.pool().count_truths() if label > 1}
    return build_relabelling("masks > 0", side=Side.MASKS, table=table, safe=False)
