"""One channel of scores beside masks of more than two classes, which it cannot tell apart."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.evidence import Evidence

TWO_CLASSES = 2


def has_too_few_channels(evidence: Evidence) -> bool:
    """Return whether masks of more than two classes stand beside one channel of scores."""
    interpretation = evidence.interpretation
    labels = {*evidence.pairs.pool().count_truths()} - {interpretation.ignore_index}
    return interpretation.num_classes > TWO_CLASSES and not labels <= {0, 1, *VOID_LABELS}


def suggest_channels(evidence: Evidence) -> str:
    """Return how to change the model."""
    return (
        "one channel tells only two classes apart, and the masks hold more: give the model"
        f" {evidence.interpretation.num_classes} channels and a softmax"
    )
