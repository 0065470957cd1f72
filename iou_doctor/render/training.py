"""The findings alone, for the log of a training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from iou_doctor.render._wording import printable
from iou_doctor.report.finding import Finding
from iou_doctor.report.report import Report

WIDTH = 100
INDENT = "  "


def render(report: Report, findings: Iterable[Finding], *, heading: str) -> str:
    """Return some findings of a report, below the metric's call and the verdict.

    Args:
        report: what was found.
        findings: those to show.
        heading: where and when it was found.
    """
    lines = [
        f"iou-doctor: {heading}",
        *_wrapped("your metric: ", report.metric_call),
        *_wrapped("", report.verdict.summary),
        *(line for finding in findings for line in _finding(finding)),
    ]
    return printable("\n".join(lines)) + "\n"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity} {finding.rule.code} {finding.rule.name}"
    yield from _wrapped("", finding.message)
    if finding.evidence:
        yield from _wrapped("", finding.evidence)
    yield from _wrapped("help: ", finding.help)


def _wrapped(first: str, text: str) -> list[str]:
    return wrap(
        first + text,
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=INDENT + " " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
