"""The tables of the report for people: classes, other implementations, assumptions, rules."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.metrics.score import ClassScore, Score
from iou_doctor.render.shared.glyphs import Glyphs
from iou_doctor.render.shared.kinds_text import LACKS
from iou_doctor.render.shared.ledger_text import (
    describe_interval,
    list_class_intervals,
    list_details,
    list_ledger_lines,
    title_ledger,
)
from iou_doctor.render.shared.score_groups import ScoreGroup, group_scores
from iou_doctor.render.shared.wording import (
    describe_assumption,
    describe_selection,
    format_averages,
    format_class,
    format_pixel_counts,
    format_share,
    order_classes,
)
from iou_doctor.report.finding import Status
from iou_doctor.report.report import Report

MOST_CLASS_ROWS = 12
"""The number of classes shown without `--verbose`: half a screen. These cost the most."""
MOST_GROUPS = 6
"""The number of groups of other implementations shown without `--verbose`."""
MOST_GROUPS_IN_BRIEF = 2
"""The same in a report that fits on a screen."""
MOST_NAMES = 2
"""The number of implementations up to which they are named without `--verbose`."""
LONGEST_NAME = 24
"""The width of a class name in columns; longer names are cut."""
LOW_IOU, GOOD_IOU = 0.3, 0.6
"""IoU below which a bar is red, and below which it is yellow."""
SHORTEST_BAR, LONGEST_BAR = 8, 30
"""The width in columns of the bar that shows an IoU."""
OTHER_COLUMNS = 36
"""The width in columns of the class table without the name and the bar."""


def show_classes(
    report: Report, glyphs: Glyphs, width: int, *, most: int, verbose: bool
) -> list[RenderableType]:
    """Return the IoU of each class, of some without `verbose`; nothing if no pixel was counted."""
    score = report.score
    if score is None or not report.pixels.counted:
        return []
    shown = order_classes(report, score, most)
    shown = shown if verbose else shown[:most]
    intervals = _format_intervals(report, shown) if verbose else []
    lines: list[RenderableType] = [
        _make_class_table(report, score, shown, glyphs, width, intervals)
    ]
    if len(shown) < len(score.per_class):
        which = describe_selection(report, len(shown), score)
        lines.append(Text(f"{which}; -v shows all", style="dim"))
    lines.append(Text(f" {glyphs.dot} ".join(format_averages(score))))
    return [Padding(Group(*lines), (0, 0, 0, 2))]


def _make_class_table(
    report: Report,
    score: Score,
    shown: list[ClassScore],
    glyphs: Glyphs,
    width: int,
    intervals: list[str],
) -> Text:
    """Return the table as text with columns of known widths: Rich takes ten times as long.

    Args:
        report: the report.
        score: its score.
        shown: the classes to show.
        glyphs: what draws the bars.
        width: the number of columns.
        intervals: the interval of each class; none to leave out this column.
    """
    names = [glyphs.spell(format_class(entry, report)) for entry in shown]
    longest = min(max(map(cell_len, names), default=0), LONGEST_NAME)
    beside = max(map(len, intervals), default=-2) + 2
    room = width - OTHER_COLUMNS - beside
    first = max(len("class"), min(longest, room - SHORTEST_BAR))
    bar = min(LONGEST_BAR, room - first)
    bar = bar if bar >= SHORTEST_BAR else 0  # the numbers are worth more than the bars
    shares = [
        [
            format_share(pixels, score.pixels.counted)
            for pixels in (entry.truth_pixels, entry.predicted_pixels)
        ]
        for entry in shown
    ]
    wide = max(map(len, ("truth", *(truth for truth, _ in shares))))
    text = Text(no_wrap=True, overflow="crop")
    head = "  interval" if intervals else ""
    text.append(
        f"{'class':{first}}  {'IoU':>6}{head:{beside}}  {'':{bar}}  {'truth':>{wide}}  predicted",
        style="dim",
    )
    for at, (entry, name, (truth, predicted)) in enumerate(zip(shown, names, shares, strict=True)):
        iou = "none" if entry.iou is None else f"{entry.iou:.4f}"
        between = f"  {intervals[at]}" if intervals else ""
        text.append(f"\n{_fit(name, first, glyphs.rest)}  {iou:>6}{between:{beside}}  ")
        drawn = Text() if entry.iou is None else _draw_bar(entry.iou, bar, glyphs)
        text.append_text(drawn).append(" " * (bar - len(drawn)))
        text.append(f"  {truth:>{wide}}  {predicted:>9}")
    return text


def _format_intervals(report: Report, shown: list[ClassScore]) -> list[str]:
    """Return the interval of each class, if the ledger is of the arrays that the table is of."""
    found = list_class_intervals(report)
    return [found.get(entry.id, "") for entry in shown] if found else []


def _fit(name: str, width: int, rest: str) -> str:
    """Return a name that takes `width` columns; if it is longer, `rest` ends it."""
    if cell_len(name) > width:
        name = set_cell_size(name, width - 1) + rest
    return set_cell_size(name, width)


def _draw_bar(share: float, width: int, glyphs: Glyphs) -> Text:
    steps = len(glyphs.bar)
    full, rest = divmod(round(share * width * steps), steps)
    bar = glyphs.bar[-1] * full + (glyphs.bar[rest - 1] if rest else "")
    return Text(bar, style="red" if share < LOW_IOU else "yellow" if share < GOOD_IOU else "green")


def show_ledger(report: Report, *, brief: bool, verbose: bool) -> list[RenderableType]:
    """Return where the missing mean IoU goes, and how far the mean IoU may be trusted."""
    lines = list_ledger_lines(report, brief=brief)
    interval = describe_interval(report)
    if report.ledger is None or not (lines or interval):
        return []
    parts: list[RenderableType] = []
    if lines:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, style="dim")
        grid.add_column(justify="right", style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for cut, points, text in lines:
            grid.add_row(cut, points, Text(text))
        parts += [Text(title_ledger(report.ledger), style="dim"), grid]
    if report.ledger.lacks_kinds:
        parts.append(Text(LACKS[report.ledger.lacks_kinds], style="dim"))
    if interval:
        parts.append(Text(interval, style="dim"))
    if verbose:
        parts += [Text(line, style="dim") for line in list_details(report)]
    return [Padding(Group(*parts), (0, 0, 0, 2))]


def show_other_scores(report: Report, *, brief: bool, verbose: bool) -> list[RenderableType]:
    """Return what other implementations would report; nothing if all agree with the doctor."""
    groups = group_scores(report)
    if not groups or (len(groups) == 1 and not verbose and not groups[0].why):
        return []
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    if not verbose and not report.all_implementations:
        grid.add_column(overflow="fold")
        most = MOST_GROUPS_IN_BRIEF if brief else MOST_GROUPS
        grid.add_row(
            "others would report", _shorten_groups(groups, most, 0 if brief else MOST_NAMES)
        )
        return [Padding(grid, (0, 0, 0, 2))]
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for index, group in enumerate(groups):
        text = Text(", ".join(group.names))
        if group.why:
            text.append(f": {group.why}", style="dim")
        grid.add_row("" if index else "others would report", group.value, text)
    return [Padding(grid, (0, 0, 0, 2))]


def _shorten_groups(groups: Sequence[ScoreGroup], most: int, most_names: int) -> Text:
    """Return the numbers with the implementations that print each, or how many they are."""
    text, by_value = Text(), dict[str, list[str]]()
    for group in groups:
        by_value.setdefault(group.value, []).extend(group.names)
    for index, (value, members) in enumerate(list(by_value.items())[:most]):
        tools = "1 tool" if len(members) == 1 else f"{len(members)} tools"
        names = ", ".join(members) if len(members) <= most_names else tools
        text.append(", " if index else "").append(value, style="bold").append(f" ({names})")
    more = len(by_value) - most
    return text.append(f"; {f'{more} more; ' if more > 0 else ''}-v says why", style="dim")


def show_assumptions(
    report: Report, glyphs: Glyphs, *, brief: bool, verbose: bool
) -> list[RenderableType]:
    """Return how many pixels were counted, and what was assumed about the arrays."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    if verbose or report.pixels.counted < report.pixels.total:
        grid.add_row("pixels", f" {glyphs.dot} ".join(format_pixel_counts(report.pixels)))
    if not verbose:
        guesses = ", ".join(
            describe_assumption(guess)
            for guess in report.reading.assumed
            if not (brief and guess.value == Encoding.LABELS)  # nobody expects another one
        )
        if guesses:
            grid.add_row("assumed", Text.assemble(guesses, ("; -v gives the reasons", "dim")))
        return [Padding(grid, (0, 0, 0, 2))] if grid.row_count else []
    for index, guess in enumerate(report.reading.assumed):
        label = "" if index else "assumed"
        grid.add_row(label, f"{describe_assumption(guess)}: {guess.why}")
    return [Padding(grid, (0, 0, 0, 2))]


def list_outcomes(report: Report) -> RenderableType:
    """Return the codes of all rules, grouped by outcome."""
    grid = Table.grid(padding=(0, 2))
    for status in Status:
        texts = [
            outcome.rule.code + (f" ({outcome.reason})" if outcome.reason else "")
            for outcome in report.outcomes
            if outcome.status is status
        ]
        if texts:
            grid.add_row(Text(status.value, style="dim"), Text(", ".join(texts)))
    return Padding(grid, (0, 0, 0, 2))
