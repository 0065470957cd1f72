"""Find edges at which the labels in between appear, as a resize that interpolates labels leaves.

Such labels may be classes that also cover areas of their own. What shows them is that they line
edges of two other labels, one smaller and one larger, and hardly ever anything else: a thin line
that a model predicts has a label outside the range of its two sides as often as inside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.seams import LARGEST_LABEL, LEARNT_SHARE, SEAM_REACH, spread_extremes
from iou_doctor.counts.map_samples import NO_LABEL, Labels
from iou_doctor.record import record

MOST_MAPS = 6
"""Maximum number of maps that are measured. More cost time and show nothing new."""
FIRST_MAPS, FIRST_SHARE = 1, 0.5
"""Maps that are measured first, and the part of LEAST_EDGE_SHARE that their edges must show for the
others to be measured too. Interpolation changes every map, and most arrays show nothing of it."""
FEWEST_FIRST_EDGES = 1000
"""Pixels at edges from which the first maps are enough to see that there is nothing."""
FEWEST_RAMP_PIXELS = 60
"""Fewer pixels do not show whether labels always lie between those on both sides."""
FEWEST_RAMP_LABELS = 2
"""A single label between others may be a thin class."""
FEWEST_LABELS_WITH_RAMPS = FEWEST_RAMP_LABELS + 2
"""The labels on a ramp lie between two others, so maps of fewer labels have no ramps."""
FEWEST_EDGES = 3
"""Minimum number of pairs of labels whose edges have a ramp."""
LEAST_SHARE_BETWEEN = 0.75
"""Minimum share of the thin labels at edges that lie between those on both sides. Interpolation
gives 0.8 to 1, and other thin labels 0.3 to 0.5."""
LEAST_EDGE_SHARE = 0.04
"""Minimum share of the pixels at edges that lie on a ramp."""
LEAST_RATIO = 4.0
"""How many times as large as in the other array this share is at least. Classes that are thin and
lie between others, such as kerbs, look alike in both arrays."""


@record
class Ramps:
    """The pixels at the edges of some maps."""

    edges: int
    """Pixels that have another label among their eight neighbours."""
    between: int
    """Those with a label between those of both sides that covers no area nearby."""
    outside: int
    """Those with a label that is smaller or larger than those of both sides."""
    agreeing: int
    """The pixels between that have the same label in the other array."""
    labels: tuple[int, ...]
    """The labels of the pixels between, in ascending order."""
    pairs: int
    """The number of different pairs of sides that the pixels between have."""

    @property
    def share(self) -> float:
        """The share of the pixels at edges that lie on a ramp."""
        return self.between / self.edges if self.edges else 0.0

    @property
    def are_clear(self) -> bool:
        """Whether these are ramps that interpolation leaves."""
        return (
            self.between >= FEWEST_RAMP_PIXELS
            and len(self.labels) >= FEWEST_RAMP_LABELS
            and self.pairs >= FEWEST_EDGES
            and self.between >= LEAST_SHARE_BETWEEN * (self.between + self.outside)
            and self.share >= LEAST_EDGE_SHARE
            and self.agreeing < LEARNT_SHARE * self.between
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
    first = measure_ramps(maps[:FIRST_MAPS], others[:FIRST_MAPS], neutral)
    if first.share < FIRST_SHARE * LEAST_EDGE_SHARE and first.edges >= FEWEST_FIRST_EDGES:
        return None
    found = measure_ramps(maps, others, neutral)
    if not found.are_clear:
        return None
    usual = measure_ramps(others, maps, neutral)
    return found if found.share >= LEAST_RATIO * usual.share else None


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
        near = spread_extremes((~is_stray & (values < min(strays))).astype(np.int32), np.maximum)
        near = spread_extremes(near, np.maximum)
        pixels += int(is_stray.sum())
        lining += int((is_stray & (low < high) & (near == 1)).sum())
    return pixels, lining


def measure_ramps(
    maps: Sequence[Labels], others: Sequence[Labels], neutral: Collection[int]
) -> Ramps:
    """Measure the edges of some maps, shape (height, width) each; arguments as for `find_ramps`."""
    edges = between = outside = agreeing = 0
    labels, pairs = [], []
    for values, other in zip(maps[:MOST_MAPS], others[:MOST_MAPS], strict=True):
        known = ~np.isin(values, (NO_LABEL, *neutral))
        low = spread_extremes(np.where(known, values, LARGEST_LABEL), np.minimum)
        high = spread_extremes(np.where(known, values, NO_LABEL), np.maximum)
        inner = known & (low == values) & (high == values)
        low, high = np.where(inner, values, LARGEST_LABEL), np.where(inner, values, NO_LABEL)
        for _ in range(SEAM_REACH):
            low, high = spread_extremes(low, np.minimum), spread_extremes(high, np.maximum)
        is_edge = known & ~inner
        edges += int(is_edge.sum())
        outside += int((is_edge & (low < high) & ((values < low) | (values > high))).sum())
        rows, columns = np.nonzero(is_edge & (low < values) & (values < high))
        thin = ~_find_bodies(values, inner, rows, columns)
        rows, columns = rows[thin], columns[thin]
        between += len(rows)
        agreeing += int((values[rows, columns] == other[rows, columns]).sum())
        labels.append(values[rows, columns])
        pairs.append(low[rows, columns].astype(np.int64) * 2**32 + high[rows, columns])
    return Ramps(
        edges,
        between,
        outside,
        agreeing,
        tuple(_list_distinct(labels)),
        len(_list_distinct(pairs)),
    )


def _list_distinct(parts: Sequence[NDArray[np.integer]]) -> list[int]:
    """Return the distinct values of arrays in ascending order."""
    if not parts:
        return []
    # asking for the places keeps NumPy from importing `numpy.ma`
    distinct, _ = np.unique(np.concatenate(parts), return_index=True)
    values: list[int] = distinct.tolist()
    return values


def _find_bodies(
    values: Labels, inner: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return which of these pixels have the inside of an area of their label within reach."""
    padded = np.pad(np.where(inner, values, NO_LABEL), SEAM_REACH, constant_values=NO_LABEL)
    own = values[rows, columns]
    found = np.zeros(len(rows), dtype=bool)
    side = range(2 * SEAM_REACH + 1)
    for down in side:
        for right in side:
            found |= padded[rows + down, columns + right] == own
    return found
