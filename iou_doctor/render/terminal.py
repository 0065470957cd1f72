"""The report for people, on a terminal or in a log."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iou_doctor.render.console import Glyphs, choose_glyphs, render_parts, text_width
from iou_doctor.render.shared.terminal_tables import (
    list_outcomes,
    show_assumptions,
    show_classes,
    show_ledger,
    show_other_scores,
)
from iou_doctor.render.shared.wording import (
    count_findings,
    describe_consequences,
    describe_repair,
    find_right_score,
    format_score,
    list_root_causes,
    list_root_repairs,
    list_scores,
)
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Input, Report
from iou_doctor.safety.safe_text import escape_name

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
"""The style of each severity."""


def render(report: Report, console: Console, *, verbose: bool = False, quiet: bool = False) -> str:
    """Return the report as text for a terminal, with colour codes if the console has colours.

    Args:
        report: what to show.
        console: where the text will be shown: it decides on width, colour and glyphs.
        verbose: show consequences in full, every class, and every rule.
        quiet: show only the verdict.
    """
    glyphs = choose_glyphs(console)
    if quiet:
        return render_parts([_show_verdict(report, glyphs)], console)
    parts = [
        _show_title(report, glyphs),
        _show_verdict(report, glyphs),
        _show_scores(report),
        *_show_findings(report, verbose=verbose),
        *show_classes(report, glyphs, text_width(console), verbose=verbose),
        *show_ledger(report, verbose=verbose),
        *show_other_scores(report, verbose=verbose),
        *_show_lookup(report, verbose=verbose),
        show_assumptions(report, glyphs),
        *([list_outcomes(report)] if verbose else []),
        _show_summary(report, glyphs),
    ]
    return render_parts(parts, console)


def _show_title(report: Report, glyphs: Glyphs) -> Text:
    """Return the version and the folder, and below them each array with its shape and dtype."""
    predictions, masks = map(escape_name, (report.predictions.path, report.masks.path))
    folder = _find_shared_folder(predictions, masks)
    suffix = f" {glyphs.dot} {folder}" if folder else ""
    samples = report.reading.layout.samples
    arrays = f" {glyphs.times} ".join(
        f"{path.removeprefix(folder)} {_describe_array(array)}"
        for path, array in ((predictions, report.predictions), (masks, report.masks))
    )
    images = "1 image" if samples == 1 else f"{samples:,} images"
    text = f"iou-doctor {report.version}{suffix}\n{arrays} {glyphs.dot} {images}"
    return Text(text, style="dim")


def _describe_array(array: Input) -> str:
    """Return shape and dtype, with `?` for sizes that differ between the samples."""
    sizes = ", ".join("?" if size is None else str(size) for size in array.shape)
    return f"({sizes}) {array.dtype}"


def _find_shared_folder(one: str, other: str) -> str:
    """Return the folder of both files, to be shown once; empty if they are in different ones."""
    folders = [path[: path.partition("::")[0].rfind("/") + 1] for path in (one, other)]
    return folders[0] if folders[0] == folders[1] else ""


def _show_verdict(report: Report, glyphs: Glyphs) -> RenderableType:
    sick = report.verdict.sick
    mark = Text(glyphs.sick if sick else glyphs.healthy, style="bold red" if sick else "bold green")
    return _place_beside(mark, Text(report.verdict.summary, style="bold"))


def _show_summary(report: Report, glyphs: Glyphs) -> RenderableType:
    """Return the last lines: what was found, in numbers, and what to do next."""
    right = find_right_score(report)
    reads = "raises" if report.metric.error else format_score(report.metric.value)
    parts = [count_findings(report), f"your metric {reads}"]
    if right is not None:
        is_right = reads == format_score(right)
        parts[1] += " is right" if is_right else f", right {format_score(right)}"
    sick = report.verdict.sick
    mark = Text(glyphs.sick if sick else glyphs.healthy, style="bold red" if sick else "bold green")
    lines: list[RenderableType] = [Text(f" {glyphs.dot} ".join(parts), style="bold")]
    if advice := _advise(report):
        lines.append(Text(advice, style="dim"))
    return _place_beside(mark, Group(*lines))


def _advise(report: Report) -> str:
    """Return which commands say more, or repair the arrays; empty if there is nothing to do."""
    roots = list_root_causes(report)
    if not roots:
        return ""
    texts = [f"iou-doctor explain {roots[0].rule.code} prints its manual"]
    if any(repair.steps for repair in list_root_repairs(report)):
        texts.append("iou-doctor fix writes repaired copies")
    return "; ".join(texts)


def _place_beside(label: Text, text: RenderableType) -> RenderableType:
    """Return a text beside its label; its wrapped lines are not below the label."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(label, text)
    return grid


def _show_scores(report: Report) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in list_scores(report):
        grid.add_row(*row)
    return Padding(grid, (0, 0, 0, 2))


def _show_findings(report: Report, *, verbose: bool) -> list[RenderableType]:
    shown = report.findings if verbose else list_root_causes(report)
    return [_show_finding(finding, report) for finding in shown]


def _show_finding(finding: Finding, report: Report) -> RenderableType:
    head = Text.assemble(
        (finding.severity.value, STYLES[finding.severity]),
        f" {finding.rule.code} ",
        (finding.rule.name, "bold"),
    )
    lines: list[RenderableType] = [Text(finding.message)]
    if finding.evidence:
        lines.append(Text(finding.evidence, style="dim"))
    lines.append(_place_beside(Text("help:", style="green"), Text(finding.help)))
    if repair := describe_repair(finding, report):
        lines.append(_place_beside(Text("repair:", style="green"), Text(repair)))
    if consequences := describe_consequences(finding, report):
        lines.append(_place_beside(Text("explains:", style="dim"), Text(consequences)))
    return Group(head, Padding(Group(*lines), (0, 0, 0, 2)))


def _show_lookup(report: Report, *, verbose: bool) -> list[RenderableType]:
    """Return what can explain the score given with `--seen`."""
    if report.lookup is None:
        return []
    from iou_doctor.render.lookup_text import show_lookup

    return [Padding(show_lookup(report.lookup, verbose=verbose), (0, 0, 0, 2))]
