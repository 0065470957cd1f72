"""The ledger and the interval of a report as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iou_doctor.ledger.image_areas import ImageAreas
from iou_doctor.ledger.interval import Interval
from iou_doctor.ledger.ledger import (
    ClassPrice,
    KindPoints,
    Ledger,
    PairPrice,
    SamplePrice,
    SizePrice,
)
from iou_doctor.ledger.stored_areas import encode

if TYPE_CHECKING:
    from iou_doctor.ledger.lost_class import LostClass, Taken
    from iou_doctor.ledger.slicing import Slicing


def build_ledger(
    ledger: Ledger,
    areas: ImageAreas | None,
    intervals: Mapping[int, Interval],
    names: Sequence[str] = (),
) -> dict[str, object]:
    """Return the JSON object of a ledger.

    Args:
        ledger: the ledger.
        areas: of each image or group of images.
        intervals: of the IoU of each class that enough images have, by class id.
        names: the names of all samples; none if they have no names.
    """
    return {
        "of": ledger.of,
        "missing": ledger.missing,
        "classes": ledger.classes,
        "pairs": [_build_pair(pair) for pair in ledger.pairs],
        "other_pairs": ledger.other_pairs,
        "by_class": [_build_class(entry, intervals.get(entry.id)) for entry in ledger.by_class],
        "lost_classes": [_build_lost(one) for one in ledger.lost_classes],
        "by_kind": _build_kinds(ledger.by_kind),
        "lacks_kinds": ledger.lacks_kinds,
        "contour_width": None if ledger.widths is None else list(ledger.widths),
        "sizes": None if ledger.sizes is None else [_build_size(one) for one in ledger.sizes],
        "samples": [_build_sample(sample) for sample in ledger.samples],
        "other_samples": ledger.other_samples,
        "outliers": {"samples": ledger.outliers, "points": ledger.outlier_points},
        "slices": [_build_slicing(slicing) for slicing in ledger.slicings],
        "areas": None if areas is None else encode(areas, names),
    }


def _build_pair(pair: PairPrice) -> dict[str, object]:
    return {
        "truth": pair.truth,
        "prediction": pair.prediction,
        "pixels": pair.pixels,
        "points": pair.points,
        "worth": pair.worth,
        "kinds": _build_kinds(pair.kinds),
    }


def _build_class(entry: ClassPrice, interval: Interval | None) -> dict[str, object]:
    return {
        "id": entry.id,
        "missed": entry.missed,
        "false_alarms": entry.false_alarms,
        "interval": build_interval(interval),
        "kinds": _build_kinds(entry.kinds),
        "missed_kinds": _build_kinds(entry.missed_kinds),
        "regions": None if entry.kinds is None else entry.regions,
        "lost_regions": None if entry.kinds is None else entry.lost_regions,
    }


def _build_sample(sample: SamplePrice) -> dict[str, object]:
    return {
        "sample": sample.sample,
        "name": sample.name,
        "points": sample.points,
        "mean_iou": sample.mean_iou,
        "kinds": _build_kinds(sample.kinds),
    }


def _build_lost(one: LostClass) -> dict[str, object]:
    return {
        "id": one.id,
        "iou": one.iou,
        "truth_pixels": one.truth_pixels,
        "predicted_pixels": one.predicted_pixels,
        "right_pixels": one.right_pixels,
        "missed_as": _build_taken(one.missed_as),
        "alarms_of": _build_taken(one.alarms_of),
        "void_pixels": one.void_pixels,
        "images": one.images,
        "cell": None if one.cell is None else list(one.cell),
        "best_iou": one.best_iou,
    }


def _build_taken(taken: Taken | None) -> dict[str, object] | None:
    return None if taken is None else {"label": taken.label, "pixels": taken.pixels}


def _build_kinds(kinds: KindPoints | None) -> dict[str, object] | None:
    if kinds is None:
        return None
    return {"boundary": kinds.boundary, "extent": kinds.extent, "segment": kinds.segment}


def _build_size(one: SizePrice) -> dict[str, object]:
    return {
        "smallest": one.smallest,
        "largest": one.largest,
        "regions": one.regions,
        "lost_regions": one.lost,
        "pixels": one.pixels,
        "recall": one.recall,
        "points": one.points,
    }


def _build_slicing(slicing: Slicing) -> dict[str, object]:
    return {
        "by": slicing.by,
        "slices": [
            {
                "value": one.value,
                "images": one.images,
                "mean_iou": one.mean_iou,
                "interval": build_interval(one.interval),
                "points": one.points,
            }
            for one in slicing.slices
        ],
        "unknown": list(slicing.unknown),
    }


def build_interval(interval: Interval | None) -> dict[str, object] | None:
    """Return the JSON object of an interval."""
    if interval is None:
        return None
    return {
        "confidence": interval.confidence,
        "low": interval.low,
        "high": interval.high,
        "images": interval.images,
        "method": interval.method,
    }
