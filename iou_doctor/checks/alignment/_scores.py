"""Name the score of maps of samples in messages."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence


def name_score(evidence: Evidence) -> str:
    """Return what the mean IoU of maps is called: if channels overlap, it is that of their sets."""
    of_sets = evidence.interpretation.is_multilabel
    return "the mean IoU of the sets of channels" if of_sets else "the mean IoU"
