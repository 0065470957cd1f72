"""A comparison for people: two numbers, and where their difference comes from."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iou_doctor.render.comparison_lines import (
    LEAST_GAIN,
    Line,
    describe_choices,
    explain_missing,
    list_parts,
    list_readings,
    name_side,
    write_sign,
)
from iou_doctor.render.console import render_parts
from iou_doctor.render.shared.wording import format_score
from iou_doctor.report.comparison import Comparison, Side


def render(comparison: Comparison, console: Console) -> str:
    """Return the text of `iou-doctor compare`, with colour codes if the console has colours."""
    parts: list[RenderableType] = [Text(summarize(comparison), style="bold")]
    parts.append(_make_grid(list_sides(comparison)))
    lines = list_parts(comparison)
    if lines:
        title = Text(f"  {title_parts(comparison)}", style="dim")
        parts.append(Group(title, _make_grid(lines)))
    return render_parts(parts, console)


def summarize(comparison: Comparison) -> str:
    """Summarize the comparison in one sentence."""
    gain = comparison.gain
    if gain is None:
        sides = zip(("before", "after"), comparison.numbers, strict=True)
        silent = " and ".join(name for name, value in sides if value is None)
        return f"the metric gives no number {silent}"
    if abs(gain) < LEAST_GAIN:
        both = f"both numbers are {format_score(comparison.numbers[1])}"
        same = comparison.before.metric_call == comparison.after.metric_call
        twice = comparison.same_predictions and same
        return f"{both}: the same predictions under the same metric" if twice else both
    much = f"the number after is {abs(gain):.4f} {'higher' if gain > 0 else 'lower'}"
    return f"{much}: {_describe_main_cause(comparison)}"


def title_parts(comparison: Comparison) -> str:
    """Return the heading of the parts of the difference."""
    gain, difference = comparison.gain, comparison.difference
    if gain is None and difference is not None:
        much = write_sign(difference.gain)
        return f"where the difference of {much} between the mean IoUs comes from"
    return f"where the difference{'' if gain is None else f' of {write_sign(gain)}'} comes from"


def list_sides(comparison: Comparison) -> list[Line]:
    """Return the two numbers, and what each of them is of."""
    return [
        _describe_side("before", comparison.before, comparison),
        _describe_side("after", comparison.after, comparison),
    ]


def _describe_side(which: str, side: Side, comparison: Comparison) -> Line:
    name, number = name_side(side, comparison), "raises" if side.error else format_score(side.value)
    why = side.error or (side.cause or side.note if side.value is None else None)
    return which, number, f"{name}: {why}" if why else name


def _describe_main_cause(comparison: Comparison) -> str:
    if comparison.separated_by:
        return describe_choices(comparison)
    if comparison.difference is None:
        return explain_missing(comparison)
    parts = [
        (abs(comparison.difference.gain), "the predictions themselves differ"),
        (abs(sum(comparison.of_samples)), "they are of different samples"),
        *((abs(part), text) for _, part, text in list_readings(comparison)),
    ]
    return max(parts, key=lambda part: part[0])[1]


def _make_grid(lines: list[Line]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for cut, number, text in lines:
        grid.add_row(cut, number, Text(text))
    return Padding(grid, (0, 0, 0, 2))
