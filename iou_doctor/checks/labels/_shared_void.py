"""A label 255 that counts as a class because both arrays hold it alike, and may be void as well."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.interpret.class_255 import LABEL, is_far_beyond
from iou_doctor.report.finding import Finding, Rule, Severity


def may_be_shared_void(evidence: Evidence) -> bool:
    """Return whether 255 was taken for a class far beyond the others, which may be void as well."""
    interpretation, pairs = evidence.interpretation, evidence.pairs
    if interpretation.num_classes != LABEL + 1 or interpretation.num_classes_declared:
        return False
    if interpretation.ignore_index is not None or interpretation.y_pred is not Encoding.LABELS:
        return False
    truths, predictions = pairs.count_truths(), pairs.count_predictions()
    return LABEL in truths.keys() & predictions.keys() and is_far_beyond(truths)


def report_shared_void(rule: Rule, evidence: Evidence) -> Finding:
    """Return the note that 255 counts as a class, because both arrays hold it alike."""
    return Finding(
        rule,
        message=f"masks and predictions both hold {LABEL}, and agree on it about as well as on the"
        " other labels. So it counts as a class",
        help=f"if {LABEL} means void, --ignore-index {LABEL}",
        facts={"labels": {str(LABEL): evidence.pairs.count_truths()[LABEL]}},
        severity_override=Severity.NOTE,
    )
