"""The report as GitLab's code quality JSON, which the merge request shows."""

from __future__ import annotations

import json

from iou_doctor.render.shared.locations import compute_fingerprints, order_by_suspicion, split_path
from iou_doctor.render.shared.wording import describe_consequences, find_severity
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_json

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}
"""GitLab's words for the severities."""


def render(report: Report) -> str:
    """Return a list with one entry for each root cause; what follows from it is in the entry."""
    entries = [
        _build_entry(finding, mark, report)
        for finding, mark in compute_fingerprints(report)
        if finding.rule.name not in report.consequences
    ]
    return escape_json(json.dumps(entries, indent=2, ensure_ascii=False)) + "\n"


def _build_entry(finding: Finding, fingerprint: str, report: Report) -> dict[str, object]:
    rule = finding.rule
    file, _ = split_path(order_by_suspicion(finding, report)[0])
    consequences = describe_consequences(finding, report)
    also = f"; explains: {consequences}" if consequences else ""
    return {
        "description": f"{rule.code} {rule.name}: {finding.message}; help: {finding.help}{also}",
        "check_name": rule.code,
        "fingerprint": fingerprint,
        "severity": SEVERITIES[find_severity(finding, report)],
        "location": {"path": file, "lines": {"begin": 1}},
    }
