"""The pictures of samples: as stored and after the repairs, and those that cost most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from iou_doctor.record import record
from iou_doctor.render.html.paint import Painter, Pixels, list_errors
from iou_doctor.render.html.palettes import ERRORS, LEFT_OUT, NO_CLASS, choose_palette
from iou_doctor.render.html.panels import (
    SIDES,
    Panel,
    Row,
    Sample,
    describe_left_out,
    list_sides,
    make_panels,
    paint_to_fit,
    thin_all,
)
from iou_doctor.render.shared.wording import format_score, name_class
from iou_doctor.report.gallery import Gallery, Maps, PicturedSample, WorstSample
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_name

NOTEBOOK_SIDE = 256
"""The maximum length of a side of a picture in a notebook, which keeps all of its outputs."""
MOST_LEGEND = 40
"""The maximum number of classes in a legend."""
DARK_NAMES = frozenset({"background", "bg", "_background_", "0"})
"""The names of class 0 by which it gets the dark colour of a background."""


@record
class Swatch:
    """One entry of a legend."""

    colour: str
    text: str


@record
class Pictures:
    """All pictures of a page, and what their colours mean."""

    faulty: tuple[Sample, ...] = ()
    worst: tuple[Sample, ...] = ()
    classes: tuple[Swatch, ...] = ()
    more_classes: int = 0
    errors: tuple[Swatch, ...] = ()
    left_out: str = ""
    """That there is no room for some samples, as a sentence; empty if there is."""


def build_pictures(report: Report, gallery: Gallery, most: int = SIDES[0]) -> Pictures:
    """Return the pictures of a page, small enough that they fit.

    Args:
        report: the report.
        gallery: the samples to show.
        most: the maximum length of a side in pixels.
    """
    shown = [*gallery.faulty, *(one.picture for one in gallery.worst if one.picture)]
    if not shown:
        return Pictures()
    states = [maps for one in shown for maps in (one.given, one.repaired) if maps is not None]
    sides = list_sides(states, most)
    painted = paint_to_fit(lambda side: _paint_all(report, gallery, side), sides)
    faulty, left_out = len(gallery.faulty), describe_left_out(len(shown) - len(painted))
    pictures = Pictures(painted[:faulty], painted[faulty:], left_out=left_out)
    return _add_legends(pictures, report, states)


def build_painter(report: Report, *, repaired: bool) -> Painter:
    """Return what paints the classes of a report, as they are or as they are after the repairs."""
    reading = report.reading
    counted = report.arrays.counted if report.arrays and repaired else None
    classes = len(counted.score.per_class) if counted else reading.num_classes
    names = [*reading.class_names, *map(str, range(len(reading.class_names), classes))]
    is_dark = bool(names) and names[0].lower() in DARK_NAMES
    palette = choose_palette(names, has_background=is_dark)
    return Painter(palette, counted.ignore_index if counted else reading.ignore_index)


def _paint_all(report: Report, gallery: Gallery, side: int) -> Iterator[Sample]:
    """Yield the samples that show the fault, and then those that cost most."""
    given = build_painter(report, repaired=False)
    repaired = build_painter(report, repaired=True)
    for one in gallery.faulty:
        yield _show_fault(one, gallery.reads, given, repaired, side)
    for worst in gallery.worst:
        if worst.picture is not None:
            yield _show_worst(worst, worst.picture, repaired, report, side)


def _show_fault(
    one: PicturedSample, reads: str, given: Painter, repaired: Painter, side: int
) -> Sample:
    name = title_sample(one)
    rows = [Row("as given", _paint(one, one.given, given, name, side, f"prediction, {reads}"))]
    if one.repaired is not None:
        rows.append(
            Row("after the repair", _paint(one, one.repaired, repaired, name, side, "prediction"))
        )
    return Sample(name, (), tuple(rows))


def _show_worst(
    one: WorstSample, picture: PicturedSample, painter: Painter, report: Report, side: int
) -> Sample:
    name = title_sample(picture)
    facts = [f"mean IoU {format_score(one.price.mean_iou)}", f"costs {one.price.points:.4f}"]
    if one.dearest is not None:
        truth, prediction, pixels, points = one.dearest
        names = report.reading.class_names
        facts.append(
            f"dearest: {name_class(truth, names)} predicted as {name_class(prediction, names)},"
            f" {pixels:,} pixels, {points:.4f}"
        )
    panels = _paint(picture, picture.best, painter, name, side, "prediction")
    return Sample(name, tuple(facts), (Row("", panels),))


def title_sample(one: PicturedSample) -> str:
    """Return the name of a sample, and which part of it is shown."""
    name = escape_name(one.name)
    title = f"sample {name}" if name == str(one.sample) else name
    return f"{title}, {one.part}" if one.part else title


def _paint(
    one: PicturedSample, maps: Maps, painter: Painter, name: str, side: int, prediction: str
) -> tuple[Panel, ...]:
    """Return the image, the truth, the prediction and the errors of a sample."""
    image, maps, below = thin_all(one.image, maps, side)
    painted: list[tuple[Pixels | None, str]] = [
        (image, "image"),
        (painter.paint_labels(maps.truth), "truth"),
        (painter.paint_labels(maps.prediction), prediction),
        (painter.paint_errors(maps, below), "errors"),
    ]
    return make_panels(painted, name)


def _add_legends(pictures: Pictures, report: Report, states: Sequence[Maps]) -> Pictures:
    classes, more = list_classes(report, states)
    return replace(
        pictures,
        classes=classes,
        more_classes=more,
        errors=tuple(
            Swatch(write_colour(ERRORS[one][0]), ERRORS[one][1]) for one in list_errors(states)
        ),
    )


def list_classes(report: Report, states: Sequence[Maps]) -> tuple[tuple[Swatch, ...], int]:
    """Return the legend of the classes in some maps, and how many classes are left out of it."""
    painter = build_painter(report, repaired=True)
    labels = np.unique(np.concatenate([_list_labels(maps) for maps in states])).tolist()
    classes = [label for label in labels if 0 <= label < len(painter.palette)]
    classes = [label for label in classes if label != painter.ignore_index]
    names = report.reading.class_names
    swatches = [
        Swatch(write_colour(painter.pick(label)), name_class(label, names))
        for label in classes[:MOST_LEGEND]
    ]
    if painter.ignore_index in labels:
        swatches.append(Swatch(write_colour(LEFT_OUT), f"void ({painter.ignore_index})"))
    if any(painter.pick(label) == NO_CLASS for label in labels):
        swatches.append(Swatch(write_colour(NO_CLASS), "no class"))
    return tuple(swatches), max(0, len(classes) - MOST_LEGEND)


def _list_labels(maps: Maps) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.union1d(np.unique(maps.truth), np.unique(maps.prediction))


def write_colour(colour: tuple[int, int, int]) -> str:
    """Return a colour as CSS has it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
