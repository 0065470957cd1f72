"""The pictures of samples: as stored and after the repairs, and those that cost most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from iou_doctor.record import record
from iou_doctor.render.html.paint import Painter, Pixels, encode, list_errors
from iou_doctor.render.html.palettes import ERRORS, LEFT_OUT, NO_CLASS, choose_palette
from iou_doctor.render.shared.wording import format_score, name_class
from iou_doctor.report.gallery import Gallery, Maps, PicturedSample, WorstSample, thin
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_name

BUDGET = 4_500_000
"""The maximum number of characters that all pictures of a page take."""
SIDES = (512, 384, 256, 192, 128, 96, 64)
"""The maximum lengths of a side that are tried, until the pictures fit."""
NOTEBOOK_SIDE = 256
"""The maximum length of a side of a picture in a notebook, which keeps all of its outputs."""
MOST_LEGEND = 40
"""The maximum number of classes in a legend."""
DARK_NAMES = frozenset({"background", "bg", "_background_", "0"})
"""The names of class 0 by which it gets the dark colour of a background."""


@record
class Panel:
    """One picture."""

    uri: str
    caption: str
    alt: str
    width: int
    height: int


@record
class Row:
    """Pictures of one state of a sample, side by side."""

    title: str
    panels: tuple[Panel, ...]


@record
class Sample:
    """What is shown of one sample."""

    title: str
    facts: tuple[str, ...]
    rows: tuple[Row, ...]


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
    painted = paint_to_fit(lambda side: _paint_all(report, gallery, side), most)
    faulty = len(gallery.faulty)
    return _add_legends(Pictures(painted[:faulty], painted[faulty:]), report, shown)


def paint_to_fit(paint: Callable[[int], tuple[Sample, ...]], most: int) -> tuple[Sample, ...]:
    """Return samples whose pictures are as large as they may be to fit into a page.

    Args:
        paint: from the maximum length of a side in pixels to the samples.
        most: the maximum length of a side in pixels.
    """
    painted: tuple[Sample, ...] = ()
    for side in (one for one in SIDES if one <= most):
        painted = paint(side)
        if measure(painted) <= BUDGET:
            break
    return painted


def build_painter(report: Report, *, repaired: bool) -> Painter:
    """Return what paints the classes of a report, as they are or as they are after the repairs."""
    reading = report.reading
    counted = report.arrays.counted if report.arrays and repaired else None
    classes = len(counted.score.per_class) if counted else reading.num_classes
    names = [*reading.class_names, *map(str, range(len(reading.class_names), classes))]
    is_dark = bool(names) and names[0].lower() in DARK_NAMES
    palette = choose_palette(names, has_background=is_dark)
    return Painter(palette, counted.ignore_index if counted else reading.ignore_index)


def _paint_all(report: Report, gallery: Gallery, side: int) -> tuple[Sample, ...]:
    """Return the samples that show the fault, and then those that cost most."""
    given = build_painter(report, repaired=False)
    repaired = build_painter(report, repaired=True)
    return (
        *(_show_fault(one, gallery.reads, given, repaired, side) for one in gallery.faulty),
        *(
            _show_worst(one, one.picture, repaired, report, side)
            for one in gallery.worst
            if one.picture is not None
        ),
    )


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
    painted: list[tuple[Pixels | None, str]] = [
        (one.image, "image"),
        (painter.paint_labels(maps.truth), "truth"),
        (painter.paint_labels(maps.prediction), prediction),
        (painter.paint_errors(maps, one.image), "errors"),
    ]
    return make_panels(painted, name, side)


def make_panels(
    painted: Sequence[tuple[Pixels | None, str]], name: str, side: int
) -> tuple[Panel, ...]:
    """Return pictures with their captions; those that are `None` are left out.

    Args:
        painted: the pictures and their captions.
        name: of the sample.
        side: the maximum length of a side in pixels.
    """
    return tuple(
        _make_panel(pixels, caption, name, side)
        for pixels, caption in painted
        if pixels is not None
    )


def _make_panel(pixels: Pixels, caption: str, name: str, side: int) -> Panel:
    height, width = pixels.shape[:2]
    return Panel(encode(thin(pixels, side)), caption, f"{name}: {caption}", width, height)


def measure(samples: Sequence[Sample]) -> int:
    """Return the number of characters of the pictures of samples."""
    return sum(len(one.uri) for sample in samples for row in sample.rows for one in row.panels)


def _add_legends(pictures: Pictures, report: Report, shown: Sequence[PicturedSample]) -> Pictures:
    states = [maps for one in shown for maps in (one.given, one.repaired) if maps is not None]
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
