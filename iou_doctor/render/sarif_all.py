"""The report as SARIF 2.1.0 with a result for every rule: `fail`, `pass` or `notApplicable`."""

from __future__ import annotations

from iou_doctor.render.sarif import build_failures, build_locations, build_log
from iou_doctor.report.finding import Outcome, Status
from iou_doctor.report.report import Report

KINDS = {Status.PASSED: "pass", Status.SKIPPED: "notApplicable"}
"""SARIF's kind of the results without a finding."""


def render(report: Report) -> str:
    """Return a log with the findings first, then the rules without one, in order of code."""
    others = [
        _build_other(outcome, report) for outcome in report.outcomes if outcome.status in KINDS
    ]
    return build_log(report, [*build_failures(report), *others])


def _build_other(outcome: Outcome, report: Report) -> dict[str, object]:
    return {
        "ruleId": outcome.rule.code,
        "kind": KINDS[outcome.status],
        "level": "none",
        "message": {"text": f"{outcome.status}: {outcome.reason}" if outcome.reason else "passed"},
        "locations": build_locations(report.predictions),
    }
