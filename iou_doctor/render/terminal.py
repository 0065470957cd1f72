"""The report for people, on a terminal or in a log."""

from __future__ import annotations

import io
import re

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iou_doctor.metrics.score import ClassScore, Score
from iou_doctor.record import record
from iou_doctor.render._wording import (
    assumed,
    class_name,
    explained_by,
    means,
    pixel_counts,
    repair_alone,
    roots,
    share,
    three_numbers,
    worst_classes,
)
from iou_doctor.render.others import groups
from iou_doctor.report.finding import Finding, Severity, Status
from iou_doctor.report.report import Report

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
MOST_CLASSES = 30
"""Rows of the class table without -v; of more classes the worst are shown."""
MOST_GROUPS = 6
"""Different numbers of other implementations without -v."""
CODE = r"\x1b\[[0-9;]*m"
PADDING = re.compile(rf"(?: |{CODE})+$", re.MULTILINE)
"""Spaces that fill a line up; a log is better without them."""
WIDEST = 120
"""Longer lines are tiring to read; wider terminals keep a margin."""


@record
class Glyphs:
    """Signs that a terminal may lack."""

    sick: str
    healthy: str
    times: str
    dot: str
    eighths: str
    """From one eighth to a full cell."""


UNICODE = Glyphs("✗", "✓", "×", "·", "▏▎▍▌▋▊▉█")
ASCII = Glyphs("x", "+", "x", "-", "#")


def screen() -> Console:
    """Return a console for stdout."""
    return Console(markup=False, emoji=False)


def paper() -> Console:
    """Return a console for a file: no colour, whatever the environment says."""
    return Console(file=io.StringIO(), width=80, color_system=None, markup=False, emoji=False)


def render(report: Report, console: Console, *, verbose: bool = False, quiet: bool = False) -> str:
    """Return the report as text for a terminal, with colour codes where it has colours.

    Args:
        report: what to show.
        console: where it will be shown; its width, colour and encoding are obeyed.
        verbose: also the consequences in full, every class, and every rule.
        quiet: only the verdict.
    """
    glyphs = UNICODE if console.encoding.lower().startswith("utf") else ASCII
    width = min(console.width, WIDEST)
    parts = [_verdict(report, glyphs)]
    if not quiet:
        parts = [
            _title(report, glyphs),
            *parts,
            _three_numbers(report),
            *_findings(report, verbose),
            *_classes(report, glyphs, width, verbose),
            *_others(report, verbose),
            *_seen(report, verbose),
            _footer(report, glyphs),
            *([_rules(report)] if verbose else []),
        ]
    with console.capture() as capture:
        for index, part in enumerate(parts):
            if index:
                console.print()
            console.print(part, width=width, highlight=False)
    return PADDING.sub(lambda end: "".join(re.findall(CODE, end[0])), capture.get())


def _title(report: Report, glyphs: Glyphs) -> Text:
    predictions, masks = report.predictions.path, report.masks.path
    folder = _shared_folder(predictions, masks)
    files = f"{predictions.removeprefix(folder)} {glyphs.times} {masks.removeprefix(folder)}"
    where = f" {glyphs.dot} {folder}" if folder else ""
    return Text(f"iou-doctor {report.version} {glyphs.dot} {files}{where}", style="dim")


def _shared_folder(one: str, other: str) -> str:
    """Return the folder that both paths begin with, so that it is said once."""
    folders = [path[: path.partition("::")[0].rfind("/") + 1] for path in (one, other)]
    return folders[0] if folders[0] == folders[1] else ""


def _hanging(first: Text, text: Text) -> RenderableType:
    """Return `text` wrapped beside `first`, not under it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(first, text)
    return grid


def _verdict(report: Report, glyphs: Glyphs) -> RenderableType:
    sick = report.verdict.sick
    mark = Text(glyphs.sick if sick else glyphs.healthy, style="bold red" if sick else "bold green")
    return _hanging(mark, Text(report.verdict.summary, style="bold"))


def _three_numbers(report: Report) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in three_numbers(report):
        grid.add_row(*row)
    return Padding(grid, (0, 0, 0, 2))


def _findings(report: Report, verbose: bool) -> list[RenderableType]:
    shown = report.findings if verbose else roots(report)
    return [_finding(finding, report) for finding in shown]


def _finding(finding: Finding, report: Report) -> RenderableType:
    head = Text.assemble(
        (finding.severity.value, STYLES[finding.severity]),
        f" {finding.rule.code} ",
        (finding.rule.name, "bold"),
    )
    lines: list[RenderableType] = [Text(finding.message)]
    if finding.evidence:
        lines.append(Text(finding.evidence, style="dim"))
    lines.append(_hanging(Text("help:", style="green"), Text(finding.help)))
    if alone := repair_alone(finding, report):
        lines.append(_hanging(Text("repair:", style="green"), Text(alone)))
    if consequences := explained_by(finding, report):
        lines.append(_hanging(Text("explains:", style="dim"), Text(consequences)))
    return Group(head, Padding(Group(*lines), (0, 0, 0, 2)))


def _classes(report: Report, glyphs: Glyphs, width: int, verbose: bool) -> list[RenderableType]:
    score = report.score
    if score is None or not report.pixels.counted:
        return []
    shown = worst_classes(score, len(score.per_class) if verbose else MOST_CLASSES)
    more = ""
    if len(shown) < len(score.per_class):
        more = f"the {len(shown)} worst of {len(score.per_class)} classes; -v shows all"
    lines: list[RenderableType] = [_class_table(report, score, shown, glyphs, width)]
    if more:
        lines.append(Text(more, style="dim"))
    lines.append(Text(f" {glyphs.dot} ".join(means(score))))
    return [Padding(Group(*lines), (0, 0, 0, 2))]


def _class_table(
    report: Report, score: Score, shown: list[ClassScore], glyphs: Glyphs, width: int
) -> Table:
    names = [class_name(entry, report) for entry in shown]
    longest = min(max(map(len, names), default=5), 24)
    bar = max(8, min(30, width - longest - 36))
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("class", no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column("IoU", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=bar, style="green")
    table.add_column("truth", justify="right", no_wrap=True)
    table.add_column("predicted", justify="right", no_wrap=True)
    for entry, name in zip(shown, names, strict=True):
        table.add_row(
            Text(name),
            "none" if entry.iou is None else f"{entry.iou:.4f}",
            "" if entry.iou is None else _bar(entry.iou, bar, glyphs),
            share(entry.truth_pixels, score.pixels.counted),
            share(entry.predicted_pixels, score.pixels.counted),
        )
    return table


def _bar(share: float, width: int, glyphs: Glyphs) -> str:
    steps = len(glyphs.eighths)
    whole, part = divmod(round(share * width * steps), steps)
    return glyphs.eighths[-1] * whole + (glyphs.eighths[part - 1] if part else "")


def _others(report: Report, verbose: bool) -> list[RenderableType]:
    """Return what other implementations would report; nothing where all agree with the doctor."""
    found = groups(report)
    shown = found if verbose or report.all_implementations else found[:MOST_GROUPS]
    if not shown or (len(found) == 1 and not verbose and not found[0].why):
        return []
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for index, group in enumerate(shown):
        text = Text(", ".join(group.names))
        if group.why:
            text.append(f": {group.why}", style="dim")
        grid.add_row("" if index else "others would report", group.value, text)
    if len(shown) < len(found):
        grid.add_row("", "", Text(f"{len(found) - len(shown)} more; -v shows all", style="dim"))
    return [Padding(grid, (0, 0, 0, 2))]


def _seen(report: Report, verbose: bool) -> list[RenderableType]:
    if report.lookup is None:
        return []
    from iou_doctor.render.lookup_text import body

    return [Padding(body(report.lookup, verbose=verbose), (0, 0, 0, 2))]


def _footer(report: Report, glyphs: Glyphs) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    grid.add_row("pixels", f" {glyphs.dot} ".join(pixel_counts(report.pixels)))
    for index, guess in enumerate(report.reading.assumed):
        grid.add_row("assumed" if index == 0 else "", f"{assumed(guess)}: {guess.why}")
    return Padding(grid, (0, 0, 0, 2))


def _rules(report: Report) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for status in Status:
        outcomes = [outcome for outcome in report.outcomes if outcome.status is status]
        texts = [
            outcome.rule.code + (f" ({outcome.reason})" if outcome.reason else "")
            for outcome in outcomes
        ]
        if texts:
            grid.add_row(Text(status.value, style="dim"), Text(", ".join(texts)))
    return Padding(grid, (0, 0, 0, 2))
