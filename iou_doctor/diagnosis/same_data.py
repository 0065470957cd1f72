"""Refuse a baseline of another data set, because scores on other masks cannot be compared."""

from __future__ import annotations

from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.report.baseline import Baseline, MasksFingerprint
from iou_doctor.report.finding import Severity, Suspicion
from iou_doctor.report.report import Report

COMPARISONS = frozenset({"reading-drift", "score-regression"})
"""The rules that compare with the baseline."""


def refuse_other_shapes(baseline: Baseline | None, pair: Pair, layout: Layout) -> None:
    """Refuse masks of another size before they are read.

    Raises:
        UsageError: the baseline's masks had more or fewer pixels or samples.
    """
    if baseline is not None:
        axes = layout.y_true
        shape = axes.label_shape if axes.is_dense else axes.shape
        baseline.require_same_masks(MasksFingerprint(pair.y_true.path, shape, {}))


def refuse_other_values(baseline: Baseline | None, report: Report) -> None:
    """Refuse masks of another name whose classes have other numbers of pixels.

    If a fault of the masks was found, they may be the same masks, damaged, and the fault says
    more. A fault of the predictions alone does not change a mask.

    Raises:
        UsageError: the baseline is certainly of other masks.
    """
    errors = [f.rule for f in report.findings if f.severity is Severity.ERROR]
    faults = {rule.name for rule in errors if rule.suspicion is not Suspicion.COLLAPSE}
    if (
        baseline is None
        or baseline.fingerprint is None
        or report.score is None
        or faults - COMPARISONS
    ):
        return
    if "reading-drift" in faults:
        return  # the same masks have other numbers if they are read in another way
    truth = {entry.id: entry.truth_pixels for entry in report.score.per_class}
    baseline.require_same_masks(
        MasksFingerprint(report.masks.path, baseline.fingerprint.shape, truth)
    )
