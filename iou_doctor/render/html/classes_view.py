"""What a page shows of classes and of single images."""

from __future__ import annotations

from iou_doctor.metrics.score import ClassScore, Score
from iou_doctor.record import record
from iou_doctor.render.html.charts import (
    MOST_CLASSES,
    Bar,
    HeatMap,
    build_heat_maps,
    build_histogram,
    grade,
)
from iou_doctor.render.shared.ledger_text import list_dearest_pairs
from iou_doctor.render.shared.wording import format_averages, format_class, format_share, name_class
from iou_doctor.report.gallery import Gallery, ImageScores
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_name

MOST_DEAREST = 30
"""The number of class pairs, and of samples, that are listed."""
MOST_PAIRS = 10
"""The number of class pairs that are told in words."""
MOST_ROWS = 30
"""The number of classes that are not folded away."""
PAIRS = "truth", "prediction", "pixels", "points", "worth"
CHART = 600, 120
"""The size of the histogram in its own units."""
HUNDREDTHS = "What each pair of classes costs, in hundredths of the mean IoU"
PER_CENT = "What the pixels of each class are predicted as, in per cent"


@record
class Fold:
    """A table that is folded away."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


@record
class ClassRow:
    """One class."""

    name: str
    iou: float | None
    grade: str
    width: str
    costs: str
    dice: float | None
    precision: float | None
    recall: float | None
    truth: str
    predicted: str
    interval: str
    has_interval: bool


@record
class ClassTable:
    """The classes, the dearest first."""

    title: str
    rows: tuple[ClassRow, ...]
    more: tuple[ClassRow, ...]
    averages: list[str]


@record
class ImagesView:
    """The mean IoU of each image."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    alt: str
    text: str


@record
class ConfusionView:
    """Which classes are taken for which."""

    pairs: tuple[str, ...]
    more_pairs: Fold | None
    points: HeatMap
    shares: HeatMap
    is_folded: bool
    points_title: str = HUNDREDTHS
    shares_title: str = PER_CENT


def fold_away(
    what: str, head: tuple[str, ...], rows: list[tuple[str, ...]], known: int
) -> Fold | None:
    """Return a table of the dearest; `None` if it has no more rows than are known already."""
    return Fold(f"The {len(rows)} dearest {what}", head, rows) if len(rows) > known else None


def describe_classes(report: Report, gallery: Gallery) -> ClassTable | None:
    """Return the table of classes, of the repaired arrays if these were counted."""
    after = gallery.score if report.ledger and report.ledger.of == "after-repair" else None
    score = after or report.score
    if score is None or not score.pixels.counted:
        return None
    prices = {one.id: one.points for one in report.ledger.by_class} if report.ledger else {}
    entries = sorted(score.per_class, key=lambda one: (-prices.get(one.id, 0.0), one.id))
    rows = tuple(_describe_class(one, report, score, prices) for one in entries)
    return ClassTable(
        title="Classes, after the repair" if after else "Classes",
        rows=rows[:MOST_ROWS],
        more=rows[MOST_ROWS:],
        averages=format_averages(score),
    )


def _describe_class(
    entry: ClassScore, report: Report, score: Score, prices: dict[int, float]
) -> ClassRow:
    interval = report.class_intervals.get(entry.id)
    is_named = entry.id < len(report.reading.class_names)
    return ClassRow(
        name=format_class(entry, report) if is_named else str(entry.id),
        iou=entry.iou,
        grade=grade(entry.iou),
        width=f"{100 * (entry.iou or 0):.2f}",
        costs=f"{prices[entry.id]:.4f}" if entry.id in prices else "",
        dice=entry.dice,
        precision=_divide(entry, entry.predicted_pixels),
        recall=_divide(entry, entry.truth_pixels),
        truth=format_share(entry.truth_pixels, score.pixels.counted),
        predicted=format_share(entry.predicted_pixels, score.pixels.counted),
        interval="" if interval is None else f"{interval.low:.4f}–{interval.high:.4f}",
        has_interval=bool(report.class_intervals),
    )


def _divide(entry: ClassScore, area: int) -> float | None:
    return None if entry.iou is None or not area else entry.intersection / area


def describe_images(images: ImageScores | None) -> ImagesView | None:
    """Return the histogram of the images; `None` for fewer than two."""
    if images is None or len(images.samples) < 2:
        return None
    width, height = CHART
    named = ", ".join(
        f"{_name_image(name, sample)} {score:.4f}" for name, sample, score in images.lowest
    )
    count, least, most = len(images.samples), images.mean_iou.min(), images.mean_iou.max()
    what = "Outliers below the others" if images.has_outliers else "The lowest"
    return ImagesView(
        bars=build_histogram(images, width=width, height=height),
        width=width,
        height=height,
        alt=f"histogram of the mean IoU of {count:,} images, from {least:.4f} to {most:.4f}",
        text=f"{count:,} images from {least:.4f} to {most:.4f}. {what}: {named}.",
    )


def _name_image(name: str, sample: int) -> str:
    return f"sample {name}" if name == str(sample) else f"`{escape_name(name)}`"


def describe_confusion(report: Report, gallery: Gallery) -> ConfusionView | None:
    """Return which classes are taken for which; `None` if that is not known."""
    ledger, names = report.ledger, report.reading.class_names
    if ledger is None or gallery.pairs is None or gallery.score is None or not ledger.pairs:
        return None
    points, shares = build_heat_maps(gallery.pairs, gallery.score, ledger, names)
    return ConfusionView(
        pairs=tuple(
            f"{name_class(pair.truth, names)} predicted as {name_class(pair.prediction, names)}:"
            f" {pair.pixels:,} pixels cost {pair.points:.4f}, and would be worth {pair.worth:.4f}"
            for pair in ledger.pairs[:MOST_PAIRS]
        ),
        more_pairs=fold_away(
            "class pairs", PAIRS, list_dearest_pairs(report, MOST_DEAREST), MOST_PAIRS
        ),
        points=points,
        shares=shares,
        is_folded=ledger.classes > MOST_CLASSES,
    )
