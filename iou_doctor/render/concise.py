"""The report with one line for each finding, and one for the verdict."""

from __future__ import annotations

from iou_doctor.report.report import Report


def render(report: Report) -> str:
    """Return lines of the form `PREDICTIONS: severity CODE name: message`."""
    lines = [
        f"{report.predictions.path}: {finding.severity} {finding.rule.code} {finding.rule.name}:"
        f" {finding.message}"
        for finding in report.findings
    ]
    status = "sick" if report.verdict.sick else "healthy"
    lines.append(f"{report.predictions.path}: {status}: {report.verdict.summary}")
    return "\n".join(lines) + "\n"
