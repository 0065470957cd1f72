"""What the callback prints into the log of a training, and which findings."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from iou_doctor.api.report import Report
from iou_doctor.arrays.layout import Assumption
from iou_doctor.checks.wording import join_words
from iou_doctor.report.finding import Finding, Needs, Severity


def describe_health(checked: Mapping[str, str], reports: Sequence[Report], samples: int) -> str:
    """Return what was checked, for the log of a training in which nothing was found.

    Args:
        checked: when each metric was checked last, by its name.
        reports: the reports of all checks.
        samples: the most samples of one check.
    """
    checks = "1 check" if len(reports) == 1 else f"{len(reports)} checks"
    last = list(checked.values())[-1]
    return (
        f"no fault found in what {join_words(checked)} received: {checks} of up to {samples}"
        f" samples, the last one in {last}"
    )


def add_weights_note(report: Report, note: str) -> Report:
    """Return the report with an assumption that states what was done about sample weights."""
    assumption = Assumption("sample_weight", note, "the metric receives sample weights")
    assumed = (*report.reading.assumed, assumption)
    return replace(report, reading=replace(report.reading, assumed=assumed))


def select_faults(report: Report) -> list[Finding]:
    """Return the findings to print in a log: no notes, and no consequences of others.

    Findings about a whole data set are left out, like the rules about one.
    """
    return [
        finding
        for finding in report.findings
        if finding.severity is not Severity.NOTE and finding.rule.name not in report.consequences
        if finding.needs is not Needs.WHOLE_DATA_SET
    ]


def print_below(text: str) -> None:
    """Print below the progress bar. Characters that stdout cannot encode become `?`."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write("\n" + text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
