"""A comparison as one HTML page: two runs side by side."""

from __future__ import annotations

from iou_doctor.record import record
from iou_doctor.render.comparison_lines import list_parts
from iou_doctor.render.comparison_text import summarize, title_parts
from iou_doctor.render.html.charts import grade
from iou_doctor.render.html.environment import fill_in
from iou_doctor.render.html.paint import Painter
from iou_doctor.render.html.palettes import CHANGES
from iou_doctor.render.html.panels import (
    SIDES,
    Row,
    Sample,
    describe_left_out,
    list_sides,
    make_panels,
    paint_to_fit,
    thin_all,
)
from iou_doctor.render.html.samples import (
    NOTEBOOK_SIDE,
    Swatch,
    build_painter,
    list_classes,
    title_sample,
    write_colour,
)
from iou_doctor.render.shared.ledger_text import name_sample
from iou_doctor.render.shared.wording import format_score, name_class
from iou_doctor.report.comparison import Comparison, Side
from iou_doctor.report.gallery import ChangedSample, Changes, thin
from iou_doctor.report.version import __version__
from iou_doctor.safety.safe_text import escape_name

MOST_SAMPLES = 10
"""The number of samples that are listed."""


@record
class SideView:
    """One of the two runs."""

    which: str
    path: str
    number: str
    metric: str
    right: str
    """The mean IoU after all repairs."""
    summary: str


@record
class ClassChangeRow:
    """One class of both runs."""

    name: str
    before: float | None
    after: float | None
    gain: str
    sign: str
    """`up` or `down`, which choose a colour; empty if nothing changed."""
    grades: tuple[str, str]
    widths: tuple[str, str]
    interval: str


def render(comparison: Comparison) -> str:
    """Return the page, its style and its pictures included."""
    return fill_in("page", **_list_values(comparison, SIDES[0]))


def render_part(comparison: Comparison) -> str:
    """Return what a notebook shows, in its colours."""
    return fill_in("notebook", **_list_values(comparison, NOTEBOOK_SIDE))


def _list_values(comparison: Comparison, most: int) -> dict[str, object]:
    changes = comparison.changes or Changes()
    samples, classes, more = _show_samples(comparison, changes, most)
    difference = comparison.difference
    return {
        "body": "comparison.html",
        "title": f"iou-doctor: {comparison.before.predictions} and {comparison.after.predictions}",
        "summary": summarize(comparison),
        "sides": (
            _describe_side("before", comparison.before),
            _describe_side("after", comparison.after),
        ),
        "parts_title": _capitalize(title_parts(comparison)),
        "parts": list_parts(comparison),
        "rows": _list_classes(comparison),
        "better": "" if difference is None else f"{difference.better:,}",
        "worse": "" if difference is None else f"{difference.worse:,}",
        "changed": _list_samples(comparison),
        "notes": changes.notes,
        "samples": samples,
        "left_out": describe_left_out(len(changes.samples) - len(samples)),
        "classes": classes,
        "more_classes": more,
        "colours": [Swatch(write_colour(colour), text) for colour, text in CHANGES.values()],
        "version": __version__,
    }


def _describe_side(which: str, side: Side) -> SideView:
    after = side.mean_iou_after_all
    return SideView(
        which=which,
        path=escape_name(side.predictions),
        number="raises" if side.error else format_score(side.value),
        metric=f"{side.metric_call}: {side.error}" if side.error else side.metric_call,
        right=format_score(side.mean_iou if after is None else after) if side.is_scored else "none",
        summary=side.summary,
    )


def _list_classes(comparison: Comparison) -> list[ClassChangeRow]:
    """Return the classes, the largest change first."""
    if comparison.difference is None:
        return []
    rows = []
    for one in comparison.difference.classes:
        before, after = one.iou
        known = before is not None and after is not None
        gain = (after or 0.0) - (before or 0.0) if known else 0.0
        interval = one.interval
        rows.append(
            (
                -abs(gain),
                one.id,
                ClassChangeRow(
                    name=name_class(one.id, comparison.after.class_names),
                    before=before,
                    after=after,
                    gain=f"{gain:+.4f}" if known else "",
                    sign="" if abs(gain) < 0.00005 else "up" if gain > 0 else "down",
                    grades=(grade(before), grade(after)),
                    widths=(f"{100 * (before or 0):.2f}", f"{100 * (after or 0):.2f}"),
                    interval=f"{interval.low:+.4f} to {interval.high:+.4f}" if interval else "",
                ),
            )
        )
    return [row for _, _, row in sorted(rows, key=lambda row: row[:2])]


def _list_samples(comparison: Comparison) -> list[tuple[str, str]]:
    samples = comparison.difference.samples if comparison.difference else ()
    return [(name_sample(one), f"{one.gain:+.4f}") for one in samples[:MOST_SAMPLES]]


def _show_samples(
    comparison: Comparison, changes: Changes, most: int
) -> tuple[tuple[Sample, ...], tuple[Swatch, ...], int]:
    """Return the pictures, small enough that they fit, and the legend of their classes."""
    if comparison.reports is None or not changes.samples:
        return (), (), 0
    report = comparison.reports[1]
    painter = build_painter(report, repaired=True)
    states = [maps for one in changes.samples for maps in (one.before, one.picture.best)]
    shown = paint_to_fit(
        lambda side: (_show_sample(one, painter, side) for one in changes.samples),
        list_sides(states, most),
    )
    return shown, *list_classes(report, states)


def _show_sample(one: ChangedSample, painter: Painter, side: int) -> Sample:
    name = title_sample(one.picture)
    image, maps, below = thin_all(one.picture.image, one.picture.best, side)
    changes = None if one.changes is None else thin(one.changes, side)
    panels = make_panels(
        [
            (image, "image"),
            (painter.paint_labels(maps.truth), "truth"),
            (painter.paint_labels(thin(one.before.prediction, side)), "before"),
            (painter.paint_labels(maps.prediction), "after"),
            (painter.paint_changes(maps, below, changes), "changes"),
        ],
        name,
    )
    return Sample(name, (f"{one.gain:+.4f} of the mean IoU",), (Row("", panels),))


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
