"""Several checks in one table: for each its scores and the cause of its fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from iou_doctor.render.console import choose_glyphs, render_parts
from iou_doctor.render.shared.wording import format_score
from iou_doctor.report.report import Report

UNREADABLE = "!"
"""The sign of a check that has no report."""


class Row(Protocol):
    """A check in the table."""

    @property
    def name(self) -> str:
        """The name of the check."""

    @property
    def scores(self) -> Sequence[str] | None:
        """What `list_scores` returns; `None` if there is no report."""

    @property
    def cause(self) -> str:
        """Why the check failed, or what its finding is."""

    @property
    def failed(self) -> bool:
        """Whether the check failed."""


def render(rows: Sequence[Row], console: Console) -> str:
    """Return the table as text.

    Args:
        rows: the checks.
        console: where the text will be shown.
    """
    glyphs = choose_glyphs(console)
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("check", overflow="fold")
    for heading in ("your\nmetric", "as\nstored", "after the\nrepair"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("cause", overflow="fold")
    for row in rows:
        glyph = glyphs.sick if row.failed else glyphs.healthy
        style = "bold red" if row.failed else "bold green"
        sign = Text(UNREADABLE if row.scores is None else glyph, style=style)
        table.add_row(sign, Text(row.name), *(row.scores or ("", "", "")), Text(row.cause))
    return render_parts([table], console)


def list_scores(report: Report) -> tuple[str, ...]:
    """Return what the metric reads, the score counted as stored, and that after all repairs."""
    values = (report.metric.value, report.mean_iou, report.verdict.mean_iou_after_all)
    return tuple(map(format_score, values))


def name_cause(report: Report) -> str:
    """Return the code and name of the rule that explains the score, or nothing."""
    primary = report.primary
    return f"{primary.rule.code} {primary.rule.name}" if primary else ""
