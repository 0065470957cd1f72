"""The ledger in words: what costs the most of the mean IoU, by class pair, class and image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iou_doctor.ledger.ledger import Ledger, PairPrice, SamplePrice
from iou_doctor.render.shared.kinds_text import (
    LACKS,
    LEAST_POINTS,
    describe_kind_of_pair,
    list_kinds,
)
from iou_doctor.render.shared.rounded_parts import round_parts
from iou_doctor.render.shared.wording import format_score, name_class
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import escape_name

if TYPE_CHECKING:
    from iou_doctor.ledger.difference import SampleChange
    from iou_doctor.metrics.fine_grained import FineGrained

Line = tuple[str, str, str]
"""The cut, if the line is the first one of it, the points, and what they are lost on."""

MOST_PAIRS = 3
"""The number of class pairs that are named, one less if there are kinds of errors."""
MOST_LOST_CLASSES = 2
"""The number of classes with an IoU near 0 that are explained, one less likewise."""
MOST_SAMPLES = 5
"""The number of samples that are named, at most half of all. A single one is not."""
MOST_SAMPLES_IN_BRIEF = 3
"""The same in a brief report: they fit on two lines."""
NO_BOUNDARY = {
    "shape": "the arrays are neither images nor volumes",
    "thin": "the volumes are so thin that every voxel lies near their surface",
    "model": "the model would have to predict once more, which --ledger full lets it do",
    "labels": "a repair gives one label several classes, or there are too many labels",
    "parts": "the parts hold it after another scan with --again",
}
"""Why there is no boundary IoU."""


def title_ledger(ledger: Ledger) -> str:
    """Return the heading: what is accounted for, and of which arrays."""
    arrays = " after the repair" if ledger.of == "after-repair" else ""
    return f"where the missing {ledger.missing:.4f} of the mean IoU{arrays} goes"


def list_ledger_lines(report: Report, *, brief: bool = False) -> list[Line]:
    """Return some lines for each cut, and those of slices; none if nothing is missing.

    Args:
        report: with the ledger.
        brief: whether to return only the first lines of each cut. Slices are always whole.
    """
    ledger = report.ledger
    if ledger is None or ledger.missing < LEAST_POINTS:
        return []
    cuts = {
        "by pair": _list_pairs(ledger, report, brief=brief),
        "by kind": list_kinds(ledger, lambda one: name_class(one, report.reading.class_names)),
        "by class": _list_classes(ledger, report),
        "by image": _list_samples(ledger, MOST_SAMPLES_IN_BRIEF if brief else MOST_SAMPLES),
    }
    shown = [(cut, list(lines)[: 1 if brief else None]) for cut, lines in cuts.items()]
    # a column may have any name, that of another cut as well
    if ledger.slicings:
        from iou_doctor.render.shared.slice_text import list_slices, shorten  # seldom needed

        shown += [(f"by {shorten(one.by)}", list(list_slices(one))) for one in ledger.slicings]
    return [
        ("" if index else cut, f"{points:.4f}", text)
        for cut, lines in shown
        for index, (points, text) in enumerate(lines)
    ]


def list_dearest_pairs(report: Report, most: int) -> list[tuple[str, ...]]:
    """Return the class pairs that cost most: truth, prediction, pixels, points and worth."""
    pairs = report.ledger.pairs[:most] if report.ledger else ()
    names = report.reading.class_names
    return [
        (
            name_class(pair.truth, names),
            name_class(pair.prediction, names),
            f"{pair.pixels:,}",
            f"{pair.points:.4f}",
            f"{pair.worth:.4f}",
        )
        for pair in pairs
    ]


def list_dearest_samples(report: Report, most: int) -> list[tuple[str, ...]]:
    """Return the samples that cost most: name, own mean IoU and points."""
    samples = report.ledger.samples[:most] if report.ledger else ()
    return [
        (name_sample(sample), format_score(sample.mean_iou), f"{sample.points:.4f}")
        for sample in samples
    ]


def describe_interval(report: Report) -> str | None:
    """Return what the interval says, as a sentence; `None` if there is none."""
    interval, areas = report.interval, report.image_areas
    if interval is None:
        return None
    images = f"only {interval.images}" if interval.is_rough else f"{interval.images:,}"
    seldom = 0 if areas is None or interval.is_rough else areas.count_seldom(interval.confidence)
    remark = "; 1 class is so rare that other images may lack it" if seldom else ""
    if seldom > 1:
        remark = f"; {seldom:,} classes are so rare that other images may lack them"
    return (
        f"{100 * interval.confidence:g} % interval of the mean: {interval.low:.4f} to"
        f" {interval.high:.4f} ({'rough, ' if interval.is_rough else ''}from {images} images"
        f"{remark})"
    )


def list_notes(report: Report) -> list[str]:
    """Return all that is said below the ledger of a report that is not on a terminal."""
    lack = None if report.ledger is None else report.ledger.lacks_kinds
    notes = [
        describe_interval(report),
        LACKS[lack] if lack not in {None, "time"} else None,
    ]
    return [*filter(None, notes), *list_details(report)]


def list_details(report: Report) -> list[str]:
    """Return what few people need, each as a line.

    These are the intervals of classes after a repair, which the table of classes as stored lacks,
    and the means over images and classes, if they are known.
    """
    lines = []
    if report.ledger is not None and report.ledger_as_stored is None and report.class_intervals:
        names = report.reading.class_names
        intervals = ", ".join(
            f"{name_class(class_id, names)} {interval.low:.4f}-{interval.high:.4f}"
            for class_id, interval in report.class_intervals.items()
        )
        lines.append(f"intervals of the classes after the repair: {intervals}")
    return lines + _describe_fine_grained(report.fine_grained)


def _describe_fine_grained(found: FineGrained | None) -> list[str]:
    if found is None:
        return []
    named = {
        "over the classes of each mask, then over images (mIoU^I)": found.images,
        "over the images of each class, then over classes (mIoU^C)": found.classes,
        "over the worst tenth of the images": found.worst_tenth,
    }
    lines = [f"mean IoU {name}: {format_score(score)}" for name, score in named.items()]
    if found.boundary is not None:
        lines.append(f"boundary IoU, in bands of 2 % of the diagonal: {found.boundary:.4f}")
    if found.lacks_boundary is not None:
        lines.append(f"no boundary IoU: {NO_BOUNDARY[found.lacks_boundary]}")
    return lines


def list_class_intervals(report: Report) -> dict[int, str]:
    """Return the interval of each class that has one, by class id.

    There are none if the ledger is of repaired arrays, because the IoUs are of the stored ones.
    """
    if report.ledger_as_stored is None:
        return {}
    return {
        class_id: f"{interval.low:.4f}-{interval.high:.4f}"
        for class_id, interval in report.class_intervals.items()
    }


def _list_pairs(ledger: Ledger, report: Report, *, brief: bool) -> Iterator[tuple[float, str]]:
    most = MOST_PAIRS - (ledger.by_kind is not None)
    shown = [pair for pair in ledger.pairs[:most] if pair.points >= LEAST_POINTS]
    points = [pair.points for pair in shown]
    rest = ledger.missing - sum(points)
    has_rest = rest >= LEAST_POINTS
    rounded = round_parts(points + [rest] * has_rest, ledger.missing, has_rest=has_rest)
    for pair, part in zip(shown, rounded, strict=False):
        yield part, _describe_pair(pair, report, brief=brief)
    if has_rest:
        yield rounded[-1], "all other pairs together"


def _describe_pair(pair: PairPrice, report: Report, *, brief: bool) -> str:
    pixels = "1 pixel" if pair.pixels == 1 else f"{pair.pixels:,} pixels"
    truth, prediction = (
        name_class(one, report.reading.class_names) for one in (pair.truth, pair.prediction)
    )
    kind, worth = describe_kind_of_pair(pair), f", worth {pair.worth:.4f}"
    if kind and brief:  # both would not fit on a line
        worth = ""
    return f"{truth} predicted as {prediction}: {kind or pixels}{worth}"


def _list_classes(ledger: Ledger, report: Report) -> Iterator[tuple[float, str]]:
    """Yield why classes have an IoU near 0, or else which class costs the most."""
    by_class = {entry.id: entry for entry in ledger.by_class}
    if ledger.lost_classes:
        from iou_doctor.render.shared.lost_class_text import explain_lost_class  # seldom needed

        for one in ledger.lost_classes[: MOST_LOST_CLASSES - (ledger.by_kind is not None)]:
            yield by_class[one.id].points, explain_lost_class(one, report)
    elif len(by_class) >= 3:
        dearest = max(ledger.by_class, key=lambda entry: (entry.points, -entry.id))
        missed, alarms = round_parts([dearest.missed, dearest.false_alarms], dearest.points)
        sides = f"{missed:.4f} missed, {alarms:.4f} false alarms"
        name = name_class(dearest.id, report.reading.class_names)
        yield dearest.points, f"{name} costs most: {sides}"


def _list_samples(ledger: Ledger, most: int) -> Iterator[tuple[float, str]]:
    """Yield which samples cost most, and what they cost together."""
    some = ledger.samples[: min(most, ledger.images // 2)]
    names = ", ".join(_describe_sample(sample, is_first=not one) for one, sample in enumerate(some))
    if len(some) < ledger.outliers:
        many = f"{ledger.outliers:,} of {ledger.images:,} images stand out"
        yield ledger.outlier_points, f"{many}: {names}, …"
        return
    points = sum(sample.points for sample in some)
    if len(some) > 1 and points >= LEAST_POINTS:
        yield points, f"the dearest {len(some)} of {ledger.images:,} images: {names}"


def _describe_sample(sample: SamplePrice, *, is_first: bool) -> str:
    what = "mean IoU " if is_first else ""
    score = "" if sample.mean_iou is None else f" ({what}{sample.mean_iou:.4f})"
    return name_sample(sample) + score


def name_sample(sample: SamplePrice | SampleChange) -> str:
    """Return the name of a sample, or `sample 3` if it has none."""
    name = escape_name(sample.name)
    return f"sample {name}" if name == str(sample.sample) else f"`{name}`"
