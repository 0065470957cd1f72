"""The ledger by slices of the data set: the score, the interval and the price of each slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import count_class_areas
from iou_doctor.counts.integer_storage import as_int64
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.image_areas import count_image_areas
from iou_doctor.ledger.interval import Interval, estimate_intervals
from iou_doctor.ledger.prices import Prices, price_samples
from iou_doctor.ledger.slicing import SlicePrice, Slicing
from iou_doctor.metrics.score import compute_iou

MOST_INTERVALS = 50
"""The number of slices, the dearest first, that get an interval, which bounds the time."""


def build_slicing(
    counted: Counted,
    *,
    by: str,
    values: Sequence[str | None],
    unknown: Sequence[str] = (),
    confidence: float,
) -> Slicing:
    """Return the slices of a data set, the dearest first. Their points add up to what is missing.

    Args:
        counted: the label pairs and their score, which has a mean IoU.
        by: what the samples are told apart by.
        values: the value of each sample; `None` if it is unknown.
        unknown: the names of samples without a value.
        confidence: the share of the drawn data sets that an interval holds.
    """
    names = list(dict.fromkeys(values))
    numbers = {name: number for number, name in enumerate(names)}
    slice_of = np.array([numbers[one] for one in values], dtype=np.int64)
    images, points = price_samples(counted.scored, Prices.of(counted.score))
    totals = np.bincount(slice_of[images], weights=points, minlength=len(names))
    sizes = np.bincount(slice_of[images], minlength=len(names))
    means = _score_slices(counted, slice_of, len(names))
    order = np.argsort(-totals, kind="stable")
    slices = [
        SlicePrice(
            value=names[one],
            images=int(sizes[one]),
            mean_iou=means[one],
            points=float(totals[one]),
            interval=_estimate_interval(counted, slice_of == one, confidence)
            if rank < MOST_INTERVALS and len(names) > 1
            else None,
        )
        for rank, one in enumerate(order.tolist())
        if sizes[one]
    ]
    return Slicing(by, tuple(slices), tuple(unknown))


def _score_slices(counted: Counted, slice_of: NDArray[np.int64], slices: int) -> list[float | None]:
    """Return the mean IoU of each slice alone."""
    classes = len(counted.score.per_class)
    pooled = PairCounts.merge(
        PairCounts.from_rows(
            image=slice_of[block.image],
            truth=block.truth,
            prediction=block.prediction,
            count=block.count,
        )
        for block in counted.scored.iterate_blocks()
    )
    areas = map(as_int64, count_class_areas(pooled, images=slices, classes=classes))
    iou = compute_iou(*areas, ignore_index=counted.ignore_index)
    return [None if np.isnan(row).all() else float(np.nanmean(row)) for row in iou]


def _estimate_interval(
    counted: Counted, chosen: NDArray[np.bool_], confidence: float
) -> Interval | None:
    """Return the interval of some samples alone."""
    some = PairCounts.merge(
        block.keep_rows(chosen[block.image]) for block in counted.scored.iterate_blocks()
    )
    place = np.cumsum(chosen) - 1
    areas = count_image_areas(
        some.replace(image=place[some.image]),
        num_classes=len(counted.score.per_class),
        ignore_index=counted.ignore_index,
    )
    return estimate_intervals(areas, confidence).mean
