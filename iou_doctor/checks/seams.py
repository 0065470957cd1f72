"""Find labels that occur only as thin seams between a smaller and a larger label.

A resize that interpolates labels leaves such seams.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.map_samples import NO_LABEL, Labels
from iou_doctor.record import record

_Scalar = TypeVar("_Scalar", bound=np.generic)

FEWEST_SEAM_LABELS = 2
"""Minimum number of thin labels that show a resize. A single one may be a class of thin things or
outlines.
"""
LARGEST_SEAM_SHARE = 0.05
"""Largest share of all pixels that a label may cover and still be a seam."""
LEARNT_SHARE = 0.2
"""Share of a label's pixels on which both arrays must agree for the label to be a class that the
model has learnt. Models do not learn values that a resize or JPEG invented."""
LARGEST_LABEL = np.iinfo(np.int32).max
"""Stands in for unknown labels where the smallest label of a neighbourhood is taken."""
SEAM_REACH = 3
"""Pixels from a seam to the inside of the labels on both sides of it. The edges of these labels are
not inside, so the inside begins two pixels away. Noise has no inside within this reach."""
LEAST_SHARE_BETWEEN_LABELS = 0.9
"""Minimum share of the pixels of a seam that lie between a smaller and a larger label."""
MOST_BODY_SHARE = 0.02
"""Largest share of the pixels of a seam that have only their own label around them."""
FEWEST_SEAM_PIXELS = 12
"""Fewer pixels of a label do not show its shape."""


@record
class Seam:
    """Where the pixels of one label lie."""

    pixels: int
    """All pixels of the label."""
    between: int
    """Pixels near the inside of both a smaller and a larger label."""
    body: int
    """Pixels whose eight neighbours all have the same label: the inside of an object."""

    @property
    def is_thin(self) -> bool:
        """Whether the label occurs only as a seam."""
        return (
            self.pixels >= FEWEST_SEAM_PIXELS
            and self.between >= LEAST_SHARE_BETWEEN_LABELS * self.pixels
            and self.body <= MOST_BODY_SHARE * self.pixels
        )


def measure_seams(maps: Iterable[Labels], *, neutral: Collection[int] = ()) -> dict[int, Seam]:
    """Measure where the pixels of each label lie in 2-D maps at full resolution.

    Args:
        maps: label maps, shape (height, width).
        neutral: labels that count as neither smaller nor larger than others (void).
    """
    labels, between, body = [], [], []
    for values in maps:
        known = ~np.isin(values, (NO_LABEL, *neutral))
        low = spread_extremes(np.where(known, values, LARGEST_LABEL), np.minimum)
        high = spread_extremes(np.where(known, values, NO_LABEL), np.maximum)
        inner = known & (low == values) & (high == values)
        low, high = np.where(inner, values, LARGEST_LABEL), np.where(inner, values, NO_LABEL)
        low = spread_extremes(low, np.minimum, SEAM_REACH)
        high = spread_extremes(high, np.maximum, SEAM_REACH)
        labels.append(values[known])
        between.append(((low < values) & (high > values))[known])
        body.append(inner[known])
    if not labels:
        return {}
    distinct, place = np.unique(np.concatenate(labels), return_inverse=True)
    counts = [
        np.bincount(place, weights=weights, minlength=len(distinct)).astype(int)
        for weights in (np.ones(len(place)), np.concatenate(between), np.concatenate(body))
    ]
    return {
        int(label): Seam(*(int(count[index]) for count in counts))
        for index, label in enumerate(distinct)
    }


def list_seam_candidates(evidence: Evidence, counts: Mapping[int, int]) -> list[int]:
    """Return the labels of one array that are rare, lie between others and are not learnt classes.

    Args:
        evidence: the facts.
        counts: the number of pixels of each label of the array.
    """
    learnt, total = list_learnt_labels(evidence, counts), sum(counts.values())
    low, high = min(counts), max(counts)
    return [
        label
        for label, count in counts.items()
        if count <= LARGEST_SEAM_SHARE * total and low < label < high and label not in learnt
    ]


def list_learnt_labels(evidence: Evidence, counts: Mapping[int, int]) -> set[int]:
    """Return the labels of one array whose pixels often have the same label in the other one."""
    pairs = evidence.pairs.pool()
    agreeing = pairs.keep_rows(pairs.truth == pairs.prediction).count_truths()
    return {
        label for label, count in counts.items() if agreeing.get(label, 0) >= LEARNT_SHARE * count
    }


def spread_extremes(values: NDArray[_Scalar], choose: np.ufunc, reach: int = 1) -> NDArray[_Scalar]:
    """Return the smallest or largest value of the square around each pixel.

    Args:
        values: a label map or a mask, shape (height, width). What lies outside does not count.
        choose: `np.minimum` or `np.maximum`.
        reach: the pixels from the middle of a square to its edge.
    """
    for _ in range(reach):
        values = _spread_by_one(values, choose)
    return values


def _spread_by_one(values: NDArray[_Scalar], choose: np.ufunc) -> NDArray[_Scalar]:
    spread = values.copy()
    choose(spread[1:], values[:-1], out=spread[1:])
    choose(spread[:-1], values[1:], out=spread[:-1])
    across = spread.copy()
    choose(across[:, 1:], spread[:, :-1], out=across[:, 1:])
    choose(across[:, :-1], spread[:, 1:], out=across[:, :-1])
    return across


def sum_neighbours(values: NDArray[np.integer | np.bool_]) -> NDArray[np.float64]:
    """Return the sum over each pixel and its eight neighbours, with zeros outside the map."""
    padded = np.pad(values.astype(np.float64), 1)
    across = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    summed: NDArray[np.float64] = across[:-2] + across[1:-1] + across[2:]
    return summed
