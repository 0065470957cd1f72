"""Shifts of the predictions by a few pixels, and how well each of them fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.map_stack import Areas, Ids, Scores, Stack, compute_mean_iou, count_areas
from iou_doctor.record import record

Offset = tuple[int, int]
"""Rows and columns by which the predictions are moved, positive towards the bottom right."""
AreasByOffset = dict[Offset, Areas]
"""For each offset, the areas of each image, as `count_areas` returns them."""

SHIFT_REACH = 16
"""Largest shift that is searched for, in pixels along each axis."""
SMALLEST_SIDE = 24
"""Shortest side of a map, in pixels. In smaller maps, a shift is as large as the objects."""
FEWEST_CLASSES, LEAST_GAINING = 6, 0.8
"""Minimum number of classes, and share of them that gain by a shift, so that the frames of a video
are not taken for slices of a volume. A model that draws some organs aside draws others well."""
POINTS = 48
"""Number of pixels along each axis at which truth and shifted prediction are compared."""


@record
class ShiftSearch:
    """The shifts that were tried on the way to the best one."""

    areas: AreasByOffset
    pooled: dict[Offset, float]
    """Mean IoU over all images together, for each offset."""

    @property
    def best(self) -> Offset:
        """The offset with the highest mean IoU over all images together."""
        return max(self.pooled, key=lambda offset: self.pooled[offset])

    @property
    def gain(self) -> float:
        """What the best offset gains in mean IoU."""
        return self.pooled[self.best] - self.pooled[0, 0]

    def do_most_classes_gain(self) -> bool:
        """Return whether nearly all of many classes fit better after the best shift."""
        before, after = (_score_classes(self.areas[offset]) for offset in ((0, 0), self.best))
        gains = (after - before)[~np.isnan(before)]
        return len(gains) >= FEWEST_CLASSES and bool((gains > 0).mean() >= LEAST_GAINING)

    def score_images(self) -> tuple[Scores, Scores]:
        """Return the mean IoU of each image as given, and what it gains by any of the offsets."""
        alone = compute_mean_iou(np.array(list(self.areas.values())))
        given = compute_mean_iou(self.areas[0, 0])
        return given, alone.max(axis=0) - given

    def find_best_of_each_image(self) -> NDArray[np.int64]:
        """Return the best of the tried offsets for each image alone, shape (n, 2)."""
        alone = compute_mean_iou(np.array(list(self.areas.values())))
        best: NDArray[np.int64] = np.array(list(self.areas))[alone.argmax(axis=0)]
        return best


def _score_classes(areas: Areas) -> Scores:
    """Return the IoU of each class over all images; NaN where the truth has none of it."""
    truth, predicted, both = areas.sum(axis=0)
    iou: Scores = np.where(truth > 0, both / np.maximum(truth + predicted - both, 1), np.nan)
    return iou


def are_too_small(maps: Stack) -> bool:
    """Return whether the maps are too small to recognise a shift."""
    return min(map(int, maps.y_true.shape[1:])) < SMALLEST_SIDE


def search_shifts(maps: Stack) -> ShiftSearch:
    """Search for the best shift; each step of the search is half as long as the one before."""
    counter = _OffsetCounter(maps)
    best: Offset = (0, 0)
    step = counter.reach // 2
    while step:
        centre = best
        for down, right in ((-step, 0), (step, 0), (0, -step), (0, step)):
            offset = (centre[0] + down, centre[1] + right)
            if counter.score(offset) > counter.score(best):
                best = offset
        is_end = best == centre or max(map(abs, best)) + step > counter.reach
        step = step // 2 if is_end else step
    return ShiftSearch(counter.areas, counter.scores)


def score_offset(maps: Stack, offset: Offset) -> float:
    """Return the mean IoU where both maps are, with the predictions moved by any offset.

    0 if nothing is left of them.
    """
    sizes = maps.y_true.shape[1:]
    if any(abs(by) >= size for by, size in zip(offset, sizes, strict=True)):
        return 0.0
    true = [slice(max(0, by), size + min(0, by)) for by, size in zip(offset, sizes, strict=True)]
    pred = [slice(max(0, -by), size + min(0, -by)) for by, size in zip(offset, sizes, strict=True)]
    areas = count_areas(
        maps.y_true[:, true[0], true[1]], maps.y_pred[:, pred[0], pred[1]], maps.classes
    )
    return float(compute_mean_iou(areas.sum(axis=0)))


class _OffsetCounter:
    """Counts the label pairs at each offset, once for each."""

    def __init__(self, maps: Stack) -> None:
        sizes = maps.y_true.shape[1:]
        self.reach = min(SHIFT_REACH, min(sizes) // 4)
        self._places = [_spread_places(size, self.reach) for size in sizes]
        self._maps = maps
        self._true = self._pick(maps.y_true, (0, 0))
        self.areas: AreasByOffset = {}
        self.scores: dict[Offset, float] = {}

    def score(self, offset: Offset) -> float:
        """Return the mean IoU with the predictions moved by `offset`; -1 beyond the reach."""
        if max(map(abs, offset)) > self.reach:
            return -1.0
        if offset not in self.areas:
            pred = self._pick(self._maps.y_pred, offset)
            areas = count_areas(self._true, pred, self._maps.classes)
            self.areas[offset] = areas
            self.scores[offset] = float(compute_mean_iou(areas.sum(axis=0)))
        return self.scores[offset]

    def _pick(self, labels: Ids, offset: Offset) -> Ids:
        rows, columns = (places - by for places, by in zip(self._places, offset, strict=True))
        return labels.take(rows, 1).take(columns, 2)


def _spread_places(size: int, reach: int) -> NDArray[np.intp]:
    """Return evenly spread places along an axis that stay inside it after any shift."""
    inner = size - 2 * reach
    return reach + np.linspace(0, inner - 1, min(inner, POINTS)).astype(np.intp)


def describe_offset(moved: Offset) -> str:
    """Return `4 px down and 3 px to the left`."""
    down, right = moved
    parts = []
    if down:
        parts.append(f"{abs(down)} px {'down' if down > 0 else 'up'}")
    if right:
        parts.append(f"{abs(right)} px to the {'right' if right > 0 else 'left'}")
    return " and ".join(parts)
