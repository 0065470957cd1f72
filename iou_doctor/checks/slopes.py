"""Labels of one side only that lie on slopes from one label of both sides to another.

A resize with interpolation writes values in between. Where neither side uses these as classes,
none of them has a body, each lies between a smaller and a larger class, and each is about the
mean of its neighbours. Stray predictions of rare classes are none of that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.seams import BODY_SHARE, LARGEST, spread_extremes
from iou_doctor.counts.label_decoding import is_code_of_no_class
from iou_doctor.counts.map_samples import NO_LABEL, Labels
from iou_doctor.record import record

FEWEST_LABELS = 3
"""One or two labels of one side may be thin classes that the other side does not know."""
LEAST_PIXELS = 50
BETWEEN_SHARE = 0.8
"""Of interpolated ones 0.88 to 1; of stray predictions of absent classes at most 0.7."""
LARGEST_BEND = 0.2
"""Mean distance to the neighbours' mean, as a share of their range: interpolated ones have 0.08
to 0.14, stray labels 0.25 to 0.5."""
STEEP = 2
STEEP_SHARE = 0.5
"""Of the pixels, those whose neighbours differ by more than STEEP; ordered thin classes, each
beside the next one, differ by two."""


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
    """Return the labels of one side that the other one lacks, if they are all slopes.

    Args:
        evidence: the facts.
        maps: label maps of the one side, shape (height, width).
        counts: the labels that the one side holds.
        others: those of the other side.
        neutral: labels that mean no class.
    """
    whole = {label for label in counts if not is_code_of_no_class(label)} - set(neutral)
    ends = np.array(sorted(whole & set(others)), dtype=np.int64)
    labels = sorted(whole - set(others))
    if len(ends) < 2 or len(labels) < FEWEST_LABELS or evidence.interpretation.num_classes <= 2:
        return None
    shown = [_measure_pixels(values, np.array(labels), ends, neutral) for values in maps]
    between, body, bend, steep = np.concatenate(shown, axis=1)
    fits = (
        len(bend) >= LEAST_PIXELS
        and between.mean() >= BETWEEN_SHARE
        and body.mean() <= BODY_SHARE
        and bend.mean() <= LARGEST_BEND
        and steep.mean() >= STEEP_SHARE
    )
    return Slopes(tuple(labels), len(bend), int(between.sum())) if fits else None


def _measure_pixels(
    values: Labels, labels: NDArray[np.int64], ends: NDArray[np.int64], neutral: Collection[int]
) -> NDArray[np.float64]:
    """Return between, body, bend and steep (rows) of the pixels with these labels."""
    known = ~np.isin(values, (NO_LABEL, *neutral))
    low = spread_extremes(np.where(known, values, LARGEST), np.minimum)
    high = spread_extremes(np.where(known, values, NO_LABEL), np.maximum)
    is_end = np.isin(values, ends)
    below, above = np.where(is_end, values, LARGEST), np.where(is_end, values, NO_LABEL)
    for _ in range(2):
        below, above = spread_extremes(below, np.minimum), spread_extremes(above, np.maximum)
    total, number = _sum_neighbours(np.where(known, values, 0)), _sum_neighbours(known)
    chosen = np.isin(values, labels) & known & (number == number.max())
    here, reach = values[chosen].astype(np.float64), (high - low)[chosen].astype(np.float64)
    mean = (total[chosen] - here) / max(number.max() - 1, 1)
    return np.stack(
        [
            ((below < values) & (above > values))[chosen],
            reach == 0,
            np.abs(here - mean) / np.maximum(reach, 1),
            reach > STEEP,
        ]
    ).astype(np.float64)


def _sum_neighbours(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sum over each pixel and its eight neighbours; what lies outside is 0."""
    padded = np.pad(values.astype(np.float64), 1)
    across = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    summed: NDArray[np.float64] = across[:-2] + across[1:-1] + across[2:]
    return summed
