"""The report as SARIF 2.1.0 with a result for every rule: `fail`, `pass` or `notApplicable`."""

from __future__ import annotations

from typing import Any

from iou_doctor.render.sarif import failures, locations, log, which_rule
from iou_doctor.report.finding import Outcome, Status
from iou_doctor.report.report import Report

KINDS = {Status.PASSED: "pass", Status.SKIPPED: "notApplicable"}


def render(report: Report) -> str:
    """Return a log with the findings first, then the rules without one, in order of code."""
    others = [_other(outcome, report) for outcome in report.outcomes if outcome.status in KINDS]
    return log(report, [*failures(report), *others])


def _other(outcome: Outcome, report: Report) -> dict[str, Any]:
    return {
        **which_rule(outcome.rule, report),
        "kind": KINDS[outcome.status],
        "level": "none",
        "message": {"text": f"{outcome.status}: {outcome.reason}" if outcome.reason else "passed"},
        "locations": locations(report.predictions),
    }
