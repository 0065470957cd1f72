"""Find edges at which labels appear that no class there has, as a resize with interpolation writes.

Such labels may be classes that also cover areas of their own. What shows them is that they line the
edges of two other labels, and hardly ever anything else: each is about the mean of its neighbours,
and lies between the labels of both sides. A bicubic or Lanczos resize also overshoots them. A thin
line that a model predicts has a label outside the range of its two sides as often as inside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.seams import (
    LARGEST_LABEL,
    LEARNT_SHARE,
    spread_extremes,
    sum_neighbours,
)
from iou_doctor.counts.map_samples import NO_LABEL, Labels
from iou_doctor.record import record

MOST_MAPS = 6
"""Maximum number of maps that are measured. More cost time and show nothing new."""
FIRST_SIDE, FIRST_SHARE, FIRST_BEND = 96, 0.5, 1.5
"""Height and width of the part of the first map that is measured first, the part of
LEAST_EDGE_SHARE that it must show for all to be measured, and how many times LARGEST_BEND it may
show. Interpolation changes every part of every map, and most arrays show nothing of it."""
FEWEST_FIRST_EDGES, FEWEST_FIRST_THIN = 1000, 200
"""Pixels at edges, and those of them with a thin label, from which the first part is enough to see
that there is nothing."""
FEWEST_RAMP_PIXELS = 60
"""Fewer pixels do not show whether labels always lie between those on both sides."""
FEWEST_RAMP_LABELS = 2
"""A single label between others may be a thin class."""
FEWEST_LABELS_WITH_RAMPS = FEWEST_RAMP_LABELS + 2
"""The labels on a ramp lie between two others, so maps of fewer labels have no ramps."""
FEWEST_EDGES = 3
"""Minimum number of pairs of labels whose edges have a ramp."""
REACH = 5
"""Pixels from a ramp to the inside of the areas on both sides. Lanczos rings this far."""
SMALLEST_STEP = 2
"""Least difference of the labels on both sides. Neighbouring ones have no label in between."""
FLATNESS = 1 / 64
"""By which part of the range of all labels an area may vary, since ringing dies away slowly. Fewer
classes than that differ by more. The smaller range counts, as a ramp up to void widens it."""
OVERSHOOT = 0.2
"""By which part of their difference labels may lie outside those of both sides."""
LEAST_SHARE_BETWEEN = 0.65
"""Minimum share of the thin labels at edges that lie between those on both sides, or overshoot
them. Interpolation gives 0.65 to 1, the least where areas are so small that few have an inside."""
LARGEST_BEND = 0.3
"""Largest mean distance of thin labels to the mean of their neighbours, as a share of the range of
these. Interpolation gives 0.08 to 0.3, noise and wrong classes 0.36 and more."""
LEAST_EDGE_SHARE = 0.095
"""Minimum share of the pixels at edges that lie on a ramp. Interpolation gives 0.1 to 0.6."""
LEAST_RATIO = 2.0
"""How many times as large as in the other array this share is at least. Classes that are thin and
lie between others, such as kerbs, look alike in both arrays."""


@record
class Ramps:
    """The pixels at the edges of some maps, between areas of two labels."""

    edges: int
    """Pixels that are in no area, but near areas of two labels."""
    between: int
    """Those with a label between those of both sides that covers no area nearby."""
    beyond: int
    """Those with such a label that overshoots the labels of both sides a little."""
    outside: int
    """Those with such a label that is far smaller or larger than those of both sides."""
    agreeing: int
    """The pixels between and beyond that have the same label in the other array."""
    bend: float
    """The sum, over between, beyond and outside, of the distance of the label to the mean of its
    neighbours, as a share of the range of these."""
    labels: tuple[int, ...]
    """The labels of the pixels between and beyond, in ascending order."""
    pairs: int
    """The number of different pairs of sides that the pixels between have."""

    @property
    def found(self) -> int:
        """The number of pixels on a ramp."""
        return self.between + self.beyond

    @property
    def share(self) -> float:
        """The share of the pixels at edges that lie on a ramp."""
        return self.found / self.edges if self.edges else 0.0

    @property
    def are_clear(self) -> bool:
        """Whether these are ramps that interpolation leaves."""
        thin = self.found + self.outside
        return (
            self.between >= FEWEST_RAMP_PIXELS
            and len(self.labels) >= FEWEST_RAMP_LABELS
            and self.pairs >= FEWEST_EDGES
            and self.found >= LEAST_SHARE_BETWEEN * thin
            and self.bend <= LARGEST_BEND * thin
            and self.share >= LEAST_EDGE_SHARE
            and self.agreeing < LEARNT_SHARE * self.found
        )


def find_ramps(
    maps: Sequence[Labels], others: Sequence[Labels], *, neutral: Collection[int] = ()
) -> Ramps | None:
    """Return the ramps in the maps of one array, if the other array has no such edges.

    Args:
        maps: label maps of the one array, shape (height, width).
        others: those of the other array.
        neutral: labels that mean no class.
    """
    if _is_hopeless(measure_ramps(_cut_first(maps), _cut_first(others), neutral)):
        return None
    found = measure_ramps(maps, others, neutral)
    if not found.are_clear:
        return None
    from iou_doctor.checks.ordered_classes import has_ordered_labels  # only if there are ramps

    usual = measure_ramps(others, maps, neutral)
    if found.share < LEAST_RATIO * usual.share or has_ordered_labels(others, neutral):
        return None
    return found


def _cut_first(maps: Sequence[Labels]) -> list[Labels]:
    return [values[:FIRST_SIDE, :FIRST_SIDE] for values in maps[:1]]


def _is_hopeless(first: Ramps) -> bool:
    """Return whether a part of the first map shows that there are no ramps."""
    thin = first.found + first.outside
    is_bent = first.bend > FIRST_BEND * LARGEST_BEND * thin
    are_few = first.share < FIRST_SHARE * LEAST_EDGE_SHARE
    return (is_bent and thin >= FEWEST_FIRST_THIN) or (
        are_few and first.edges >= FEWEST_FIRST_EDGES
    )


def count_strays_at_edges(maps: Sequence[Labels], strays: Collection[int]) -> tuple[int, int]:
    """Count pixels whose label is no class, and those of them that only line other regions.

    The latter have no inside, and a class within two pixels.

    Args:
        maps: label maps, shape (height, width).
        strays: the labels that are no classes, and not void either.
    """
    pixels = lining = 0
    for values in maps[:MOST_MAPS]:
        is_stray = np.isin(values, list(strays))
        low, high = spread_extremes(values, np.minimum), spread_extremes(values, np.maximum)
        near = spread_extremes(~is_stray & (values < min(strays)), np.maximum, 2)
        pixels += int(is_stray.sum())
        lining += int((is_stray & (low < high) & near).sum())
    return pixels, lining


def measure_ramps(
    maps: Sequence[Labels], others: Sequence[Labels], neutral: Collection[int]
) -> Ramps:
    """Measure the edges of some maps, shape (height, width) each; arguments as for `find_ramps`."""
    shown = [
        _measure_edges(values, other, neutral)
        for values, other in zip(maps[:MOST_MAPS], others[:MOST_MAPS], strict=True)
    ]
    label, low, high, agreeing, bend = np.concatenate(
        [np.zeros((5, 0)), *(thin for _, thin in shown)], axis=1
    )
    between = (low < label) & (label < high)
    reach = np.maximum(OVERSHOOT * (high - low), 1)
    found = (low - reach <= label) & (label <= high + reach)
    return Ramps(
        edges=sum(edges for edges, _ in shown),
        between=int(between.sum()),
        beyond=int((found & ~between).sum()),
        outside=int((~found).sum()),
        agreeing=int(agreeing[found].sum()),
        bend=float(bend.sum()),
        labels=tuple(_list_distinct(label[found])),
        pairs=len(_list_distinct((low * 2.0**32 + high)[between])),
    )


def _measure_edges(
    values: Labels, other: Labels, neutral: Collection[int]
) -> tuple[int, NDArray[np.float64]]:
    """Return the number of pixels at edges, and one column for each of those with a thin label.

    Its rows are the label, the smallest and the largest label of the areas within reach, whether
    the other array has the same label, and the bend.
    """
    known = ~np.isin(values, (NO_LABEL, *neutral))
    low = spread_extremes(np.where(known, values, LARGEST_LABEL), np.minimum)
    high = spread_extremes(np.where(known, values, NO_LABEL), np.maximum)
    varies = min(_get_flatness(values[known]), _get_flatness(other[known]))
    flat = known & (high - varies <= low)
    below, above = np.where(flat, values, LARGEST_LABEL), np.where(flat, values, NO_LABEL)
    below = spread_extremes(below, np.minimum, REACH)
    above = spread_extremes(above, np.maximum, REACH)
    is_edge = known & ~flat & (below < LARGEST_LABEL)
    is_edge[is_edge] = (above - below)[is_edge] >= max(SMALLEST_STEP, 2 * varies + 1)
    thin = is_edge & (np.abs(values - below) > varies) & (np.abs(values - above) > varies)
    rows, columns = np.nonzero(thin)
    lone = ~_find_areas(np.where(flat, values, NO_LABEL), values[thin], rows, columns, varies)
    rows, columns = rows[lone], columns[lone]
    here, number = values[rows, columns], sum_neighbours(known)[rows, columns]
    mean = (sum_neighbours(np.where(known, values, 0))[rows, columns] - here) / (number - 1)
    bend = np.abs(here - mean) / (high - low)[rows, columns]
    is_same = here == other[rows, columns]
    columns_of = (here, below[rows, columns], above[rows, columns], is_same, bend)
    return int(is_edge.sum()), np.stack(columns_of).astype(np.float64)


def _get_flatness(values: NDArray[np.int32]) -> int:
    """Return by how much the labels of an area may differ, in a map of these labels."""
    labels = values[values != NO_LABEL]
    return int((int(labels.max()) - int(labels.min())) * FLATNESS) if len(labels) else 0


def _find_areas(
    areas: Labels, labels: Labels, rows: NDArray[np.intp], columns: NDArray[np.intp], varies: int
) -> NDArray[np.bool_]:
    """Return which pixels have an area of their label within reach.

    Args:
        areas: the label of each pixel inside an area, and NO_LABEL elsewhere.
        labels: the labels of the pixels.
        rows: where they are.
        columns: where they are.
        varies: by how much the labels of an area differ.
    """
    padded = np.pad(areas.astype(np.int64), REACH, constant_values=NO_LABEL)
    found = np.zeros(len(rows), dtype=bool)
    side = range(2 * REACH + 1)
    for down in side:
        for right in side:
            found |= np.abs(padded[rows + down, columns + right] - labels) <= varies
    return found


def _list_distinct(values: NDArray[np.float64]) -> list[int]:
    """Return the distinct values of an array in ascending order."""
    # asking for the places keeps NumPy from importing `numpy.ma`
    distinct, _ = np.unique(values, return_index=True)
    return [int(value) for value in distinct.tolist()]
