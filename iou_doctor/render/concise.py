"""The report with one line for each finding, and one for the verdict."""

from __future__ import annotations

from iou_doctor.render.shared.wording import name_status
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_name, escape_report


def render(report: Report) -> str:
    """Return lines of the form `PREDICTIONS: severity CODE name: message`."""
    path = escape_name(report.predictions.path)
    lines = [
        f"{path}: {finding.severity} {finding.rule.code} {finding.rule.name}: {finding.message}"
        for finding in report.findings
    ]
    lines.append(f"{path}: {name_status(report)}: {report.verdict.summary}")
    return escape_report("\n".join(lines)) + "\n"
