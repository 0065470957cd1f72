"""The scores of a report in words: what the metric reads, and which score is right."""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.render.shared.wording import format_score, list_root_causes, list_root_repairs
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Severity
from iou_doctor.report.report import UNEXPLAINED, Report

RIGHT = " (right)"
"""What marks the right one of the scores."""
OUTSIDE_CLASSES = frozenset({"label-out-of-range", "prediction-out-of-range"})
"""Rules of labels that are no class. As long as nothing maps them, nobody knows the right score."""
DOUBTFUL = frozenset({"undeclared-void-label"})
"""Rules of labels that may be void or a class. Without a repair, nobody knows which."""

OF_SOME = frozenset({"faulty-samples"})
"""Rules of samples whose scores are on another scale. In channels that overlap, these samples are
cut at the wrong place."""


def list_scores(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield the scores of a report: what each is, its value, and a remark. One may be `(right)`."""
    reads, note = format_metric(report), report.metric.note
    error = report.metric.error
    remark = f": {error}" if error else f" ({note})" if note and note != "NaN" else ""
    stored = format_score(report.mean_iou)
    right = find_right_score(report)
    repairs = _list_repairs(report)
    is_right = not repairs and reads_right(report)
    yield f"your metric{RIGHT * is_right}", reads, report.metric_call + remark
    if not (is_right and reads == stored):
        unpaired = "" if report.score else "the pixels do not pair up as they are"
        yield "counted as stored", stored, unpaired
    if repairs:
        guess = " (estimated)" if any(repair.estimated for repair in repairs) else ""
        names = ", then ".join(repair.name for repair in repairs)
        mark = RIGHT if right is not None and _may_be_right(report) else ""
        yield f"after the repair{mark}", format_score(right), f"{names}{guess}"


def format_metric(report: Report) -> str:
    """Return what the user's metric reads, with four decimals, or that it raises."""
    if report.metric.error:
        return "raises"
    return "NaN" if report.metric.note == "NaN" else format_score(report.metric.value)


def describe_scores(report: Report) -> str:
    """Return the score of the user's metric, and the right one if it is known to be another."""
    reads, right = format_metric(report), find_right_score(report)
    if right is None:
        return f"your metric {reads}"
    if reads_right(report):
        return f"your metric {reads} is right"
    if reads == format_score(right):
        return f"your metric {reads}"  # nobody knows whether it is right
    what = "counted as stored"
    if _list_repairs(report):
        what = "right" if _may_be_right(report) else "after the repair"
    return f"your metric {reads}, {what} {format_score(right)}"


def reads_right(report: Report) -> bool:
    """Return whether the user's metric reads the right score, to four decimals.

    If the score is low for unknown reasons, nobody knows whether it is right.
    """
    right = find_right_score(report)
    if any(finding.rule.name == UNEXPLAINED for finding in report.findings):
        return False
    is_equal = right is not None and format_metric(report) == format_score(right)
    return is_equal and _may_be_right(report)


def _may_be_right(report: Report) -> bool:
    """Return whether nothing is left that changes the score, whatever is repaired."""
    return not any(
        finding.repair is None
        and (
            (finding.rule.name in OUTSIDE_CLASSES and finding.severity is Severity.ERROR)
            or (finding.rule.name in DOUBTFUL and finding.severity is not Severity.NOTE)
            or (finding.rule.name in OF_SOME and report.reading.is_multilabel)
            or finding.leaves_doubt
        )
        for finding in list_root_causes(report)
    )


def find_right_score(report: Report) -> float | None:
    """Return the mean IoU that the report ends with; `None` if no repair leads to one."""
    if _list_repairs(report):
        return report.verdict.mean_iou_after_all
    return None if report.ledger is None else report.mean_iou


def _list_repairs(report: Report) -> list[Repair]:
    """Return the repairs of the root causes, unless none of them changes a score."""
    repairs = list_root_repairs(report)
    return [] if all(repair.keeps_scores for repair in repairs) else repairs
