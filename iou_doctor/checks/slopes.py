"""Find labels of one array that only form slopes between labels that both arrays hold.

A resize that interpolates labels writes values in between. If these values are not classes, none of
them covers an area, each lies between a smaller and a larger class, and each is about the mean of
its neighbours. Wrong predictions of rare classes have none of these properties.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.seams import LARGEST_LABEL, MOST_BODY_SHARE, spread_extremes, sum_neighbours
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.map_samples import NO_LABEL, Labels
from iou_doctor.record import record

FEWEST_LABELS = 3
"""One or two labels that only one array holds may be thin classes that the other one lacks."""
FEWEST_SLOPE_PIXELS = 50
"""Fewer pixels are too few to measure the shares below."""
LEAST_SHARE_BETWEEN_CLASSES = 0.8
"""Minimum share of the pixels that lie between a smaller and a larger class. Interpolation gives
0.88 to 1, wrong predictions of absent classes at most 0.7.
"""
LARGEST_BEND = 0.2
"""Largest mean distance to the neighbours' mean, as a share of the neighbours' range. Interpolation
gives 0.08 to 0.14, wrong predictions 0.25 to 0.5."""
STEEP_RANGE = 2
"""Range of a neighbourhood above which a slope is steep. Ordered thin classes, each beside the next
one, have neighbours that differ by two."""
LEAST_STEEP_SHARE = 0.5
"""Minimum share of the pixels that lie on a steep slope."""


@record
class Slopes:
    """Labels that are only slopes, and their pixels in the maps."""

    labels: tuple[int, ...]
    pixels: int
    between: int


def find_slopes(
    evidence: Evidence,
    maps: Iterable[Labels],
    *,
    counts: Collection[int],
    others: Collection[int],
    neutral: Collection[int],
) -> Slopes | None:
    """Return the labels of one array that the other one lacks, if all of them are slopes.

    Args:
        evidence: the facts.
        maps: label maps of the one array, shape (height, width).
        counts: the labels that this array holds.
        others: the labels that the other array holds.
        neutral: labels that mean no class.
    """
    whole = {label for label in counts if not is_no_class(label)} - set(neutral)
    ends = np.array(sorted(whole & set(others)), dtype=np.int64)
    labels = sorted(whole - set(others))
    if len(ends) < 2 or len(labels) < FEWEST_LABELS or evidence.interpretation.num_classes <= 2:
        return None
    shown = [_measure_pixels(values, np.array(labels), ends, neutral) for values in maps]
    between, body, bend, steep = np.concatenate(shown, axis=1)
    fits = (
        len(bend) >= FEWEST_SLOPE_PIXELS
        and between.mean() >= LEAST_SHARE_BETWEEN_CLASSES
        and body.mean() <= MOST_BODY_SHARE
        and bend.mean() <= LARGEST_BEND
        and steep.mean() >= LEAST_STEEP_SHARE
    )
    return Slopes(tuple(labels), len(bend), int(between.sum())) if fits else None


def _measure_pixels(
    values: Labels, labels: NDArray[np.int64], ends: NDArray[np.int64], neutral: Collection[int]
) -> NDArray[np.float64]:
    """Measure the pixels with these labels: one row each for between, body, bend and steep."""
    known = ~np.isin(values, (NO_LABEL, *neutral))
    low = spread_extremes(np.where(known, values, LARGEST_LABEL), np.minimum)
    high = spread_extremes(np.where(known, values, NO_LABEL), np.maximum)
    is_end = np.isin(values, ends)
    below, above = np.where(is_end, values, LARGEST_LABEL), np.where(is_end, values, NO_LABEL)
    below = spread_extremes(below, np.minimum, 2)
    above = spread_extremes(above, np.maximum, 2)
    total, number = sum_neighbours(np.where(known, values, 0)), sum_neighbours(known)
    chosen = np.isin(values, labels) & known & (number == number.max())
    here, reach = values[chosen].astype(np.float64), (high - low)[chosen].astype(np.float64)
    mean = (total[chosen] - here) / max(number.max() - 1, 1)
    return np.stack(
        [
            ((below < values) & (above > values))[chosen],
            reach == 0,
            np.abs(here - mean) / np.maximum(reach, 1),
            reach > STEEP_RANGE,
        ]
    ).astype(np.float64)
