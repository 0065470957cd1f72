"""Sum up what a check found in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from iou_doctor.checks.evidence import Evidence
from iou_doctor.metrics.score import ContractScore
from iou_doctor.report.finding import Finding, Severity, Suspicion
from iou_doctor.report.report import UNEXPLAINED, Verdict

TRUSTING = frozenset({Suspicion.COLLAPSE, Suspicion.DEFINITIONS})
"""The kinds of causes that leave no doubt that the arrays mean what the metric takes them for."""


def judge(
    findings: Sequence[Finding], roots: Sequence[Finding], evidence: Evidence, after: float | None
) -> Verdict:
    """Return the verdict.

    Args:
        findings: the findings, root causes first.
        roots: those that no other one explains, which alone are repaired.
        evidence: the facts.
        after: the mean IoU after all repairs.
    """
    sick = any(finding.severity is Severity.ERROR for finding in findings)
    primary = findings[0] if findings and findings[0].severity is not Severity.NOTE else None
    is_repaired = any(finding.repair and not finding.repair.keeps_scores for finding in roots)
    is_unexplained = any(finding.rule.name == UNEXPLAINED for finding in findings)
    is_doubtful = is_unexplained or (
        primary is not None and (primary.leaves_doubt or primary.rule.suspicion not in TRUSTING)
    )
    summary = _summarize(
        sick, primary, evidence, after if is_repaired else None, is_doubtful=is_doubtful
    )
    if primary is None and is_unexplained:
        summary += ", and the cause of the low score is unknown"
    return Verdict(
        sick=sick,
        primary=primary.rule.name if primary else None,
        summary=summary,
        mean_iou_after_all=after,
    )


def _summarize(
    sick: bool,
    primary: Finding | None,
    evidence: Evidence,
    after: float | None,
    *,
    is_doubtful: bool,
) -> str:
    ours, reads = evidence.score, f"your metric {_describe_metric(evidence.metric_score)}"
    before = ours.mean_iou if ours else None
    value = evidence.metric_score.value
    if ours is None:
        stored = "the pixels do not pair up"
    elif before is None:
        stored = "no pixel counts"
    else:
        stored = f"counted as stored {before:.4f}"
    if after is not None:
        is_same = before is not None and f"{before:.4f}" == f"{after:.4f}"
        stored = f"{'' if is_same else f'{stored}, '}after the repair {after:.4f}"
    elif value is not None and before is not None and f"{value:.4f}" == f"{before:.4f}":
        stored = "" if sick or is_doubtful else "which is right"
    reads = f"{reads}, {stored}" if stored else reads
    if sick and primary:
        return f"{reads}: {primary.rule.claim}"
    if primary:
        return f"{reads}; worth a look: {primary.rule.claim}"
    return f"{reads}: no format bug found"


def _describe_metric(metric: ContractScore) -> str:
    """Return what the metric does with the arrays as given, as a phrase."""
    if metric.value is not None:
        return f"reads {metric.value:.4f}"
    if metric.error is not None:
        return "raises"
    if metric.note == "NaN":
        return "reads NaN"
    return "misreads the arrays" if metric.note else "gives no single number here"
