"""Several checks in one table: a line for each, with what it reads and why it is sick."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from iou_doctor.render.terminal import ASCII, CODE, PADDING, UNICODE, WIDEST
from iou_doctor.report.report import Report

UNREADABLE = "!"


def render(rows: Sequence[tuple[str, Report | None, str | None]], console: Console) -> str:
    """Return the table as text.

    Args:
        rows: for each check its name, its report, and what failed beside its findings: the error
            that left it without a report, or a score that is too low.
        console: where the text will be shown.
    """
    glyphs = UNICODE if console.encoding.lower().startswith("utf") else ASCII
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("check", overflow="fold")
    for heading in ("metric", "agree", "repaired"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("cause", overflow="fold")
    for name, report, failure in rows:
        if report is None:
            table.add_row(
                Text(UNREADABLE, style="bold red"), Text(name), "", "", "", Text(failure or "")
            )
        else:
            failed = report.verdict.sick or failure is not None
            style = "bold red" if failed else "bold green"
            sign = Text(glyphs.sick if failed else glyphs.healthy, style=style)
            cause = "; ".join(part for part in (_cause(report), failure) if part)
            table.add_row(sign, Text(name), *_numbers(report), Text(cause))
    with console.capture() as capture:
        console.print(table, width=min(console.width, WIDEST), highlight=False)
    return PADDING.sub(lambda end: "".join(re.findall(CODE, end[0])), capture.get())


def _numbers(report: Report) -> tuple[str, ...]:
    values = (report.metric.value, report.mean_iou, report.verdict.mean_iou_after_all)
    return tuple("none" if value is None else f"{value:.4f}" for value in values)


def _cause(report: Report) -> str:
    primary = report.primary
    return f"{primary.rule.code} {primary.rule.name}" if primary else ""
