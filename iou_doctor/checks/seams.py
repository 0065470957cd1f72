"""Labels that occur only as thin seams between a smaller and a larger one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.map_samples import NO_LABEL, Labels
from iou_doctor.record import record

LARGEST = np.iinfo(np.int32).max
REACH = 3
"""Pixels to a body: it begins two pixels off, for its own edge is none. Noise is near none."""
SEAM_SHARE = 0.9
"""Of the pixels of a label, those near both a smaller and a larger one."""
BODY_SHARE = 0.02
"""Of the pixels of a label, those with only their own label about them: a seam has none."""
LEAST_PIXELS = 12
"""Fewer pixels of a label say nothing about its shape."""


@record
class Seam:
    """How the pixels of one label lie."""

    pixels: int
    between: int
    """Pixels near the body of a smaller and that of a larger label."""
    body: int
    """Pixels whose eight neighbours all have the same label."""

    @property
    def is_thin(self) -> bool:
        """Whether the label is nothing but a seam."""
        return (
            self.pixels >= LEAST_PIXELS
            and self.between >= SEAM_SHARE * self.pixels
            and self.body <= BODY_SHARE * self.pixels
        )


def measure_seams(maps: Iterable[Labels], *, neutral: Collection[int] = ()) -> dict[int, Seam]:
    """Return how the pixels of each label lie in 2-D maps at full resolution.

    Args:
        maps: label maps, shape (height, width).
        neutral: labels that are neither smaller nor larger than any (void).
    """
    labels, between, body = [], [], []
    for values in maps:
        known = ~np.isin(values, (NO_LABEL, *neutral))
        low = spread_extremes(np.where(known, values, LARGEST), np.minimum)
        high = spread_extremes(np.where(known, values, NO_LABEL), np.maximum)
        inner = known & (low == values) & (high == values)
        low, high = np.where(inner, values, LARGEST), np.where(inner, values, NO_LABEL)
        for _ in range(REACH):
            low, high = spread_extremes(low, np.minimum), spread_extremes(high, np.maximum)
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


def spread_extremes(values: NDArray[np.int32], choose: np.ufunc) -> NDArray[np.int32]:
    """Return the smallest or largest of each pixel and its eight neighbours."""
    spread = values.copy()
    choose(spread[1:], values[:-1], out=spread[1:])
    choose(spread[:-1], values[1:], out=spread[:-1])
    across = spread.copy()
    choose(across[:, 1:], spread[:, :-1], out=across[:, 1:])
    choose(across[:, :-1], spread[:, 1:], out=across[:, :-1])
    return across
