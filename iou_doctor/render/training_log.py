"""The findings of a report as lines for the log of a training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from iou_doctor.render.shared.ledger_text import (
    describe_interval,
    list_ledger_lines,
    title_ledger,
)
from iou_doctor.render.shared.wording import replace_unprintable
from iou_doctor.report.finding import Finding
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import break_commands

WIDTH = 100
"""The width of the log in columns."""
INDENT = "  "


def render(report: Report, findings: Iterable[Finding], *, heading: str) -> str:
    """Return a heading, the metric's call, the verdict and some findings of a report.

    Args:
        report: what was found.
        findings: the findings to show.
        heading: when the report was made, and for which metric.
    """
    lines = [
        f"iou-doctor: {heading}",
        *_wrap("your metric: ", report.metric_call),
        *_wrap("", report.verdict.summary),
        *(line for finding in findings for line in _list_lines(finding)),
    ]
    return break_commands(replace_unprintable("\n".join(lines))) + "\n"


def render_ledger(report: Report) -> str:
    """Return where the missing mean IoU goes, or why that cannot be said."""
    lines = list_ledger_lines(report)
    if report.ledger is None:
        title = f"the ledger cannot be told: {report.verdict.summary}"
    elif not lines:
        title = "nothing is missing of the mean IoU"
    else:
        title = title_ledger(report.ledger)
    samples = report.reading.layout.samples
    head = f"iou-doctor: {title}, {samples} samples"
    rows = (f"{cut:9} {points:>7}" for cut, points, _ in lines)
    texts = [
        "\n".join(_wrap(f"{row}  ", text)) for row, (_, _, text) in zip(rows, lines, strict=True)
    ]
    interval = describe_interval(report)
    notes = _wrap("", interval) if interval and lines else []
    return (
        break_commands(
            replace_unprintable(
                "\n".join([head, *_wrap("your metric: ", report.metric_call), *texts, *notes])
            )
        )
        + "\n"
    )


def _list_lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity} {finding.rule.code} {finding.rule.name}"
    yield from _wrap("", finding.message)
    if finding.evidence:
        yield from _wrap("", finding.evidence)
    yield from _wrap("help: ", finding.help)


def _wrap(first: str, text: str) -> list[str]:
    return wrap(
        first + text,
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=INDENT + " " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
