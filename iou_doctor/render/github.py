"""The report as GitHub workflow commands: annotations on the run and on the pull request."""

from __future__ import annotations

from collections import Counter

from iou_doctor.render._places import accused_first, file_and_name
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Report

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
MOST = 10
"""Annotations of one kind that GitHub shows of one step; it drops the rest without a word."""


def render(report: Report) -> str:
    """Return one command for each finding, root cause first, and the verdict as a last line."""
    lines = []
    seen: Counter[Severity] = Counter()
    for finding in report.findings:
        seen[finding.severity] += 1
        if seen[finding.severity] <= MOST:
            lines.append(_command(finding, report))
    lines += [
        f"{count - MOST} more of severity {severity}; the job summary holds them all"
        for severity, count in seen.items()
        if count > MOST
    ]
    status = "sick" if report.verdict.sick else "healthy"
    lines.append(" ".join(f"iou-doctor: {status}: {report.verdict.summary}".split()))
    return "\n".join(lines) + "\n"


def _command(finding: Finding, report: Report) -> str:
    file, _ = file_and_name(accused_first(finding, report)[0])
    title = f"{finding.rule.code} {finding.rule.name}"
    parts = [finding.message, finding.evidence, f"help: {finding.help}"]
    message = _escaped("\n".join(part for part in parts if part))
    command = COMMANDS[finding.severity]
    return f"::{command} file={_property(file)},title={_property(title)}::{message}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
