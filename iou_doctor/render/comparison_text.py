"""A comparison for people: two numbers, and where their difference comes from."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iou_doctor.ledger.difference import Difference, PairChange
from iou_doctor.render.console import render_parts
from iou_doctor.render.shared.ledger_text import name_sample
from iou_doctor.render.shared.wording import format_score, name_class
from iou_doctor.report.comparison import Comparison, Side
from iou_doctor.safety.safe_text import escape_name

Line = tuple[str, str, str]
"""The cut, if the line is the first one of it, the part of the difference, and its cause."""

MOST_PAIRS, MOST_SAMPLES = 4, 3
"""The number of class pairs and of samples that are named."""
LEAST_GAIN = 0.00005
"""Smaller parts would be printed as 0.0000, and are not worth a line."""


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
        return f"both numbers are {format_score(comparison.numbers[1])}"
    much = f"the number after is {abs(gain):.4f} {'higher' if gain > 0 else 'lower'}"
    return f"{much}: {_describe_main_cause(comparison)}"


def title_parts(comparison: Comparison) -> str:
    """Return the heading of the parts of the difference."""
    gain, difference = comparison.gain, comparison.difference
    if gain is None and difference is not None:
        return f"where the difference of {_sign(difference.gain)} between the mean IoUs comes from"
    return f"where the difference{'' if gain is None else f' of {_sign(gain)}'} comes from"


def list_parts(comparison: Comparison) -> list[Line]:
    """Return the parts of the difference, each with its cause."""
    difference, gain = comparison.difference, comparison.gain
    if comparison.separated_by and gain is not None:
        return [("metric", _sign(gain), _describe_choices(comparison))]
    if difference is None:
        return [("", "", _explain_missing(comparison))]
    before, after = comparison.readings
    cuts = {
        "samples": _list_other_samples(comparison),
        "reading": _list_readings(comparison, before, after),
        "predictions": _list_predictions(comparison, difference),
        "by pair": _list_pairs(comparison, difference),
        "by image": _list_samples(difference),
    }
    return [
        *_list_settings(comparison),
        *(
            ("" if index else cut, _sign(gain), text)
            for cut, lines in cuts.items()
            for index, (gain, text) in enumerate(lines)
        ),
    ]


def list_sides(comparison: Comparison) -> list[Line]:
    """Return the two numbers, and what each of them is of."""
    return [
        _describe_side("before", comparison.before, comparison),
        _describe_side("after", comparison.after, comparison),
    ]


def _describe_side(which: str, side: Side, comparison: Comparison) -> Line:
    name, error = _name(side, comparison), side.error
    number = "raises" if error else format_score(side.value)
    return which, number, f"{name}: {error}" if error else name


def _name(side: Side, comparison: Comparison) -> str:
    """Return what tells the two sides apart: the metric or the file."""
    if comparison.same_predictions:
        return side.metric_call
    if comparison.before.predictions == comparison.after.predictions:  # arrays in Python, or a path
        return "before" if side is comparison.before else "after"
    return escape_name(side.predictions)


def _describe_main_cause(comparison: Comparison) -> str:
    if comparison.separated_by:
        return _describe_choices(comparison)
    if comparison.difference is None:
        return _explain_missing(comparison)
    before, after = comparison.readings
    parts = [
        (abs(comparison.difference.gain), "the predictions themselves differ"),
        (abs(sum(comparison.of_samples)), "they are of different samples"),
        (abs(before or 0.0), _explain_reading(comparison.before, comparison)),
        (abs(after or 0.0), _explain_reading(comparison.after, comparison)),
    ]
    return max(parts, key=lambda part: part[0])[1]


def _describe_choices(comparison: Comparison) -> str:
    """Return the choices that turn the number of one metric into that of the other."""
    return "; ".join(f"{one.after} (before: {one.before})" for one in comparison.separated_by)


def _explain_missing(comparison: Comparison) -> str:
    """Return why the difference has no parts."""
    for side in (comparison.before, comparison.after):
        if not side.is_scored:
            why = side.summary.rpartition(": ")[2]
            return f"{_name(side, comparison)} cannot be scored as it should be: {why}"
    return "one of the two has no mean IoU"


def _explain_reading(side: Side, comparison: Comparison) -> str:
    """Return why a metric reads something else than the repaired arrays agree at."""
    name = _name(side, comparison)
    why = side.cause if side.sick else side.note or side.cause
    return f"{name}: {why or 'the metric averages in another way than iou-doctor'}"


def _list_settings(comparison: Comparison) -> Iterator[Line]:
    """Yield how the two checks were told to read the masks, if they differ in that."""
    before, after = comparison.before, comparison.after
    if before.ignore_index != after.ignore_index:
        labels = [
            "nothing" if one.ignore_index is None else f"label {one.ignore_index}"
            for one in (before, after)
        ]
        yield "void", "", f"{labels[0]} is left out before, {labels[1]} after"
    if before.num_classes != after.num_classes:
        yield "classes", "", f"{before.num_classes:,} before, {after.num_classes:,} after"


def _list_other_samples(comparison: Comparison) -> Iterator[tuple[float, str]]:
    """Yield what the samples contribute that only one side has."""
    if comparison.samples is None:
        return
    sides = comparison.before, comparison.after
    for side, names, part in zip(
        sides, comparison.samples.names, comparison.of_samples, strict=True
    ):
        if names:
            samples = "1 sample" if len(names) == 1 else f"{len(names):,} samples"
            some = ", ".join(f"`{escape_name(name)}`" for name in names[:MOST_SAMPLES])
            more = ", …" if len(names) > MOST_SAMPLES else ""
            yield (
                part,
                f"{_name(side, comparison)} has {samples} that the other side lacks: {some}{more}",
            )


def _list_readings(
    comparison: Comparison, before: float | None, after: float | None
) -> Iterator[tuple[float, str]]:
    for side, part in ((comparison.before, before), (comparison.after, after)):
        if part is not None and abs(part) >= LEAST_GAIN:
            yield part, _explain_reading(side, comparison)


def _list_predictions(
    comparison: Comparison, difference: Difference
) -> Iterator[tuple[float, str]]:
    if comparison.same_predictions:
        return
    interval, noise = difference.interval, difference.is_within_noise
    if abs(difference.gain) < LEAST_GAIN:
        yield difference.gain, "read rightly, both predictions have the same mean IoU"
        return
    text = (
        f"read rightly: {difference.mean_iou[0]:.4f} before and {difference.mean_iou[1]:.4f} after"
    )
    if interval is not None:
        within = "within noise" if noise else "beyond noise"
        text += (
            f", {within}: with other images, {_sign(interval.low)} to {_sign(interval.high)}"
            f" ({100 * interval.confidence:g} %)"
        )
    yield difference.gain, text


def _list_pairs(comparison: Comparison, difference: Difference) -> Iterator[tuple[float, str]]:
    if abs(difference.gain) < LEAST_GAIN or not difference.pairs:
        return
    shown = [one for one in difference.pairs[:MOST_PAIRS] if abs(one.gain) >= LEAST_GAIN]
    for pair in shown:
        truth, other = (
            name_class(one, comparison.after.class_names) for one in (pair.truth, pair.prediction)
        )
        yield pair.gain, f"{truth} predicted as {other}: {_describe_pixels(pair)}"
    rest = difference.gain - sum(pair.gain for pair in shown)
    if abs(rest) >= LEAST_GAIN:
        yield rest, "all other pairs together"


def _describe_pixels(pair: PairChange) -> str:
    before, after = pair.pixels
    if before == after:  # the unions of the two classes have changed
        costs = "more" if pair.gain < 0 else "less"
        return f"{before:,} pixels as before, each of which costs {costs}"
    return f"{before:,} pixels before, {after:,} after"


def _list_samples(difference: Difference) -> Iterator[tuple[float, str]]:
    if abs(difference.gain) < LEAST_GAIN:
        return
    for what, sign, count in (("better", 1, difference.better), ("worse", -1, difference.worse)):
        own = [one for one in difference.samples if one.gain * sign > 0]
        if own:
            most = ", ".join(f"{name_sample(one)} {_sign(one.gain)}" for one in own[:MOST_SAMPLES])
            images = "1 image is" if count == 1 else f"{count:,} images are"
            yield sum(one.gain for one in own), f"{images} {what}, most of all {most}"


def _make_grid(lines: list[Line]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for cut, number, text in lines:
        grid.add_row(cut, number, Text(text))
    return Padding(grid, (0, 0, 0, 2))


def _sign(value: float) -> str:
    return f"{value:+.4f}"
