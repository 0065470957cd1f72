"""The report as GitLab's code quality JSON, shown in the merge request."""

from __future__ import annotations

import json
from typing import Any

from iou_doctor.render._places import accused_first, file_and_name, fingerprints
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Report

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render(report: Report) -> str:
    """Return a list with one entry for each finding."""
    entries = [_entry(finding, mark, report) for finding, mark in fingerprints(report)]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def _entry(finding: Finding, fingerprint: str, report: Report) -> dict[str, Any]:
    rule = finding.rule
    file, _ = file_and_name(accused_first(finding, report)[0])
    return {
        "description": f"{rule.code} {rule.name}: {finding.message}; help: {finding.help}",
        "check_name": rule.code,
        "fingerprint": fingerprint,
        "severity": SEVERITIES[finding.severity],
        "location": {"path": file, "lines": {"begin": 1}},
    }
