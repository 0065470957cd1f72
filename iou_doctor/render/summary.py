"""Several checks in one table: for each its scores and the cause of its fault."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from iou_doctor.render.console import choose_glyphs, render_parts
from iou_doctor.render.shared.wording import format_score
from iou_doctor.report.report import Report

UNREADABLE = "!"
"""The sign of a check that has no report."""


def render(rows: Sequence[tuple[str, Report | None, str | None]], console: Console) -> str:
    """Return the table as text.

    Args:
        rows: for each check its name, its report, and why it failed if not because of a finding:
            the error that left it without a report, or a score that is too low.
        console: where the text will be shown.
    """
    glyphs = choose_glyphs(console)
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("check", overflow="fold")
    for heading in ("metric", "agree", "repaired"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("cause", overflow="fold")
    for name, report, failure in rows:
        if report is None:
            sign = Text(UNREADABLE, style="bold red")
            table.add_row(sign, Text(name), "", "", "", Text(failure or ""))
        else:
            failed = report.verdict.sick or failure is not None
            style = "bold red" if failed else "bold green"
            sign = Text(glyphs.sick if failed else glyphs.healthy, style=style)
            cause = "; ".join(part for part in (_name_cause(report), failure) if part)
            table.add_row(sign, Text(name), *_list_scores(report), Text(cause))
    return render_parts([table], console)


def _list_scores(report: Report) -> tuple[str, ...]:
    values = (report.metric.value, report.mean_iou, report.verdict.mean_iou_after_all)
    return tuple(map(format_score, values))


def _name_cause(report: Report) -> str:
    primary = report.primary
    return f"{primary.rule.code} {primary.rule.name}" if primary else ""
