"""Keep with a report what a page needs to show some samples of its arrays."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.ledger.counted import Counted
from iou_doctor.report.checked_arrays import CheckedArrays


def keep_arrays(evidence: Evidence, counted: Counted | None) -> CheckedArrays:
    """Return the arrays, how they were read, and what was counted.

    Args:
        evidence: the facts.
        counted: the label pairs after all repairs; `None` if the arrays are misread.
    """
    inputs, reading, names = evidence.inputs, evidence.interpretation, evidence.pair.y_true.names
    pair = evidence.pair
    return CheckedArrays(
        open=lambda: pair,
        name_sample=lambda sample: names[sample] if names else str(sample),
        interpretation=reading,
        metric=evidence.metric,
        threshold=inputs.threshold if inputs else reading.threshold,
        counted=counted,
    )
