"""The report for people, on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iou_doctor.render.console import choose_glyphs, render_parts, text_width
from iou_doctor.render.shared.code import wrap_code
from iou_doctor.render.shared.glyphs import Glyphs
from iou_doctor.render.shared.score_words import (
    describe_scores,
    list_scores,
    reads_right,
)
from iou_doctor.render.shared.terminal_tables import (
    MOST_CLASS_ROWS,
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
    explain_exit_code,
    is_bad,
    is_clean,
    list_root_causes,
    list_root_repairs,
)
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Input, Report
from iou_doctor.safety.safe_text import escape_name

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
"""The style of each severity."""
LEAST_CLASS_ROWS = 3
"""The number of classes that a brief report shows at least, if the screen has few lines."""
MOST_CODE_LINES = 16
"""The number of lines of code that leave room for the verdict and the scores on a screen."""
TITLE_OF_BLOCK = "all repairs at once, to paste (masks and predictions are the arrays):"


def render(report: Report, console: Console, *, verbose: bool = False, quiet: bool = False) -> str:
    """Return the report as text for a terminal, with colour codes if the console has colours.

    What to do comes last, because a terminal shows the end. A report without errors and warnings is
    short enough for one screen.

    Args:
        report: what to show.
        console: where the text will be shown: it decides on width, colour and glyphs.
        verbose: show consequences in full, every class, and every rule.
        quiet: show only the verdict.
    """
    if quiet:
        verdict = _show_verdict(report, choose_glyphs(console), why=explain_exit_code(report))
        return render_parts([verdict], console)
    brief = not verbose and is_clean(report)
    text = render_parts(_list_parts(report, console, brief=brief, verbose=verbose), console)
    excess = text.count("\n") + 1 - console.height  # the prompt takes a line
    if brief and console.is_terminal and excess > 0:
        rows = max(LEAST_CLASS_ROWS, min(MOST_CLASS_ROWS, _count_classes(report)) - excess - 1)
        text = render_parts(_list_parts(report, console, brief=True, rows=rows), console)
    return text


def _count_classes(report: Report) -> int:
    return 0 if report.score is None else len(report.score.per_class)


def _list_parts(
    report: Report,
    console: Console,
    *,
    brief: bool,
    verbose: bool = False,
    rows: int = MOST_CLASS_ROWS,
) -> list[RenderableType]:
    """Return the parts of the report from the top; classes in at most so many rows."""
    glyphs, width = choose_glyphs(console), text_width(console)
    classes = show_classes(report, glyphs, width, most=rows, verbose=verbose)
    details = [
        *show_ledger(report, brief=brief, verbose=verbose),
        *show_other_scores(report, brief=brief, verbose=verbose),
        *_show_lookup(report, verbose=verbose),
        *show_assumptions(report, glyphs, brief=brief, verbose=verbose),
    ]
    body = [*classes, *details]
    return [
        _show_title(report, glyphs),
        _show_verdict(report, glyphs),
        *_show_findings(report, verbose=verbose),
        *([Group(*body)] if brief and body and report.lookup is None else body),
        *([list_outcomes(report)] if verbose else []),
        *([] if brief and reads_right(report) else [_show_scores(report)]),
        *_show_block(report, width),
        _show_summary(report, glyphs, brief=brief),
    ]


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


def _show_verdict(report: Report, glyphs: Glyphs, why: str | None = None) -> RenderableType:
    text = report.verdict.summary + (f"; {why}" if why else "")
    return _place_beside(_make_mark(report, glyphs), Text(text, style="bold"))


def _make_mark(report: Report, glyphs: Glyphs) -> Text:
    """Return the tick or the cross: no tick for a check that fails, whatever the reason is."""
    if is_bad(report):
        return Text(glyphs.sick, style="bold red")
    return Text(glyphs.healthy, style="bold green")


def _show_block(report: Report, width: int) -> list[RenderableType]:
    """Return the code that makes all repairs, without an indent so that it can be pasted."""
    if report.block is None:
        return []
    lines = wrap_code(report.block.lines, width)
    if len(lines) > MOST_CODE_LINES:
        where = f"{len(lines)} lines, which --output-format json prints"
        return [Padding(Text(f"code for all repairs: {where}", style="dim"), (0, 0, 0, 2))]
    code = Text("\n".join(lines), no_wrap=True, overflow="ignore", style="cyan")
    return [Group(Text(f"  {TITLE_OF_BLOCK}", style="dim"), code)]


def _show_summary(report: Report, glyphs: Glyphs, *, brief: bool) -> RenderableType:
    """Return the last lines: the diagnosis, what was found in numbers, and what to do next."""
    counts = f" {glyphs.dot} ".join([count_findings(report), describe_scores(report)])
    if brief:
        call = f": {report.metric_call}" if reads_right(report) else ""
        return _place_beside(_make_mark(report, glyphs), Text(f"{counts}{call}", style="bold"))
    lines = [Text(counts, style="bold")]
    primary = report.primary
    if primary is not None:
        lines = [Text(f"{primary.rule.code}: {primary.rule.claim}", style="bold"), Text(counts)]
    lines += [Text(advice, style="dim") for advice in _advise(report)]
    return _place_beside(_make_mark(report, glyphs), Group(*lines))


def _advise(report: Report) -> Iterator[str]:
    """Yield which commands say more, or repair the arrays, and why the exit code is another one."""
    if report.primary is not None:
        yield f"iou-doctor explain {report.primary.rule.code} prints its manual"
        is_stored = report.predictions.format != "model"
        if is_stored and any(repair.steps for repair in list_root_repairs(report)):
            yield "iou-doctor fix writes repaired copies"
        if not report.command:  # with one, this run writes a page
            yield "--report report.html writes a page with charts and pictures"
    if remark := explain_exit_code(report):
        yield remark


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
    brief = not verbose
    return [
        _show_finding(finding, report, brief=brief and finding.severity is Severity.NOTE)
        for finding in shown
    ]


def _show_finding(finding: Finding, report: Report, *, brief: bool) -> RenderableType:
    """Return a finding; a brief one is only what was found."""
    head = Text.assemble(
        (finding.severity.value, STYLES[finding.severity]),
        f" {finding.rule.code} ",
        (finding.rule.name, "bold"),
    )
    lines: list[RenderableType] = [Text(finding.message)]
    if brief:
        return Group(head, Padding(Group(*lines), (0, 0, 0, 2)))
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
