"""The report as GitHub workflow commands: annotations on the run and on the pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from iou_doctor.render.shared.locations import order_by_suspicion, split_path
from iou_doctor.render.shared.score_words import (
    list_scores,
)
from iou_doctor.render.shared.wording import (
    describe_selection,
    find_severity,
    format_class,
    format_score,
    list_remarks,
    list_root_causes,
    name_status,
    order_classes,
)
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_line, escape_name, replace_unsafe

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
"""GitHub's workflow command for each severity."""
MOST_ANNOTATIONS = 10
"""The number of annotations of one kind that GitHub shows for a step. It silently drops the others.
"""
MOST_CLASSES = 30
"""The number of classes that are listed. These cost the most."""


def render(report: Report) -> str:
    """Return one command for each root cause, the scores, and the verdict as the last line.

    What follows from a cause is named in its annotation, so that one fault is one annotation.
    """
    lines = []
    seen: Counter[Severity] = Counter()
    for finding in list_root_causes(report):
        severity = find_severity(finding, report)
        seen[severity] += 1
        if seen[severity] <= MOST_ANNOTATIONS:
            lines.append(_write_command(finding, report))
    lines += [
        f"{count - MOST_ANNOTATIONS} more of severity {severity}; the job summary lists all"
        for severity, count in seen.items()
        if count > MOST_ANNOTATIONS
    ]
    lines += map(escape_line, _list_scores(report))
    lines.append(escape_line(f"iou-doctor: {name_status(report)}: {report.verdict.summary}"))
    return "\n".join(lines) + "\n"


def _list_scores(report: Report) -> Iterator[str]:
    """Yield the scores for the log, and the IoU of each class; no line is a command."""
    for what, value, remark in list_scores(report):
        yield f"{what}: {value}{f' ({remark})' if remark else ''}"
    score = report.score
    if score is None or not report.pixels.counted:
        return
    shown = order_classes(report, score, MOST_CLASSES)[:MOST_CLASSES]
    classes = [f"{format_class(one, report)}: {format_score(one.iou)}" for one in shown]
    few = len(shown) < len(score.per_class)
    which = describe_selection(report, len(shown), score) if few else "the classes"
    yield f"IoU of {which}: {', '.join(classes)}"


def _write_command(finding: Finding, report: Report) -> str:
    file, _ = split_path(order_by_suspicion(finding, report)[0])
    title = f"{finding.rule.code} {finding.rule.name}"
    message = _escape("\n".join(list_remarks(finding, report)))
    command = COMMANDS[find_severity(finding, report)]
    return f"::{command} file={_escape_property(file)},title={_escape_property(title)}::{message}"


def _escape(text: str) -> str:
    text = replace_unsafe(text, lambda one: one if one == "\r" else escape_name(one))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
