"""The masks number objects, not classes.

Instance masks give each object an id of its own: 1000·class + number in Cityscapes, a running
number elsewhere. As class ids nearly all of them are out of range and leave, or all objects but
one of each kind are misses. Read as 8 bits, 256 becomes 0, and the numbers start again.

    masks 7 8 26000 26001      masks = np.where(masks >= 1000, masks // 1000, masks)

Take the semantic masks of the data set; of running numbers only "object or not" can be saved.
"""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    MOST_CLASSES,
    choose_void_label,
    has_expected_majorities,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._foreign import Space, spaces
from iou_doctor.checks.labels._instances import numbered_objects
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import NO_DATA_LABELS, VOID_LABELS
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU410",
    name="instance-ids",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks number objects, not classes",
    explains=frozenset(
        {
            "label-out-of-range",
            "channel-count-mismatch",
            "undeclared-void-label",
            "non-finite-masks",
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

BASE = 1000
"""What Cityscapes and its relatives multiply the class with."""
FEWEST_OBJECTS = 3
"""Labels of 1000 and more."""


def find(evidence: Evidence) -> Result:
    """Look for 1000·class + number, then for ids that are one object each."""
    if evidence.has_found("labels-off-by-one", "zero-label-reduced", "foreign-label-ids"):
        return []
    repair = _divided(evidence)
    if repair is not None:
        return [_of_thousands(evidence, repair)]
    objects = numbered_objects(evidence)
    if objects is None or isinstance(objects, Skipped):
        return objects or []
    truth = len(evidence.pairs.pooled().truth_counts())
    return [
        Finding(
            RULE,
            message=f"masks hold {truth} ids in {evidence.stats.samples} images, and"
            f" {objects.blobs} of {objects.looked_at} looked at are one blob in their image:"
            f" {objects.pattern}",
            help="take the semantic masks; of running numbers only masks > 0 is left",
            facts={
                "distinct_ids": truth,
                "looked_at": objects.looked_at,
                "one_blob": objects.blobs,
                "pattern": objects.pattern,
            },
            repair=_object_or_not(evidence),
        )
    ]


def _divided(evidence: Evidence) -> Repair | None:
    """Return the repair that divides by 1000, if what is left agrees with the predictions."""
    nothing = {*VOID_LABELS, *NO_DATA_LABELS, choose_void_label(evidence)}
    labels = [label for label in evidence.pairs.pooled().truth_counts() if label not in nothing]
    large = [label for label in labels if label >= BASE]
    if len(large) < FEWEST_OBJECTS or min(labels) < 0 or max(large) >= BASE * MOST_CLASSES:
        return None
    table = {label: label // BASE for label in large}
    tables: list[tuple[dict[int, int], Space | None]] = [(table, None)]
    for space in spaces():
        ids = {label: label // BASE if label >= BASE else label for label in labels}
        if set(ids.values()) <= space.table.keys() | space.void:
            mapping = space.mapping(choose_void_label(evidence))
            tables.append(({label: mapping[k] for label, k in ids.items()}, space))
    fitting = [
        _repair(evidence, mapped, space)
        for mapped, space in tables
        if has_expected_majorities(evidence, {label: mapped[label] for label in large})
    ]
    return max(fitting, key=lambda repair: score_repaired(evidence, repair), default=None)


def _repair(evidence: Evidence, table: dict[int, int], space: Space | None) -> Repair:
    void = choose_void_label(evidence)
    named = space is not None and evidence.interpretation.ignore_index != void
    return build_relabelling(
        "masks // 1000" + (f", mapped to {space.target}" if space else ""),
        side=Side.MASKS,
        table=table,
        safe=space is None,
        num_classes=space.num_classes if space else None,
        ignore_index=void if named else None,
    )


def _of_thousands(evidence: Evidence, repair: Repair) -> Finding:
    large = [label for label in evidence.pairs.pooled().truth_counts() if label >= BASE]
    after = score_repaired(evidence, repair)
    return Finding(
        RULE,
        message=f"masks hold {join_words(large)}, which are 1000 times a class plus a number: as"
        f" they are the mean IoU is {score_as_given(evidence):.4f}, after {repair.name} it is"
        f" {after:.4f}",
        help="masks = np.where(masks >= 1000, masks // 1000, masks), or take the semantic masks",
        facts={
            "distinct_ids": len(large),
            "pattern": "1000 * class + number",
            "mean_iou": evidence.repaired.mean_iou,
            "mean_iou_divided": after,
        },
        repair=repair,
    )


def _object_or_not(evidence: Evidence) -> Repair | None:
    if evidence.interpretation.num_classes != 2:
        return None
    table = {label: 1 for label in evidence.pairs.pooled().truth_counts() if label > 1}
    return build_relabelling("masks > 0", side=Side.MASKS, table=table, safe=False)
