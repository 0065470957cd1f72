"""Shifts of the predictions by a few pixels, and how well each of them fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.map_stack import Ids, Stack, compute_mean_iou, count_pairs
from iou_doctor.record import record

Offset = tuple[int, int]
Tables = dict[Offset, NDArray[np.int64]]

REACH = 16
"""Pixels along each axis that are searched."""
SMALLEST = 24
"""Pixels along the shorter side of the maps, below which a shift is most of an object."""
POINTS = 48
"""Pixels along each axis at which truth and shifted prediction are compared."""


@record
class Shifts:
    """The shifts that were looked at."""

    tables: Tables
    """Counts of each image at each shift."""
    pooled: dict[Offset, float]
    """Mean IoU over all images together."""

    @property
    def best(self) -> Offset:
        """Return the shift that serves all images together best."""
        return max(self.pooled, key=lambda shift: self.pooled[shift])

    @property
    def gain(self) -> float:
        """Return what it gains in mean IoU."""
        return self.pooled[self.best] - self.pooled[0, 0]

    def asked(self) -> NDArray[np.int64]:
        """Return the best shift of each image alone, shape (n, 2)."""
        alone = np.array([compute_mean_iou(table) for table in self.tables.values()])
        asked: NDArray[np.int64] = np.array(list(self.tables))[alone.argmax(axis=0)]
        return asked


def too_small(maps: Stack) -> bool:
    """Return whether the maps are too small to tell a shift."""
    return min(map(int, maps.true.shape[1:])) < SMALLEST


def shifts_of(maps: Stack) -> Shifts:
    """Return the fits of the shifts on the way to the best one."""
    tables = _searched(maps)
    pooled = {shift: float(compute_mean_iou(table.sum(axis=0))) for shift, table in tables.items()}
    return Shifts(tables, pooled)


def _searched(maps: Stack) -> Tables:
    """Return the counts at the shifts on the way to the best one, each step half the last."""
    look = _Look(maps)
    best: Offset = (0, 0)
    step = look.reach // 2
    while step:
        centre = best
        for down, right in ((-step, 0), (step, 0), (0, -step), (0, step)):
            shift = (centre[0] + down, centre[1] + right)
            if look.gain(shift) > look.gain(best):
                best = shift
        step = step // 2 if best == centre or max(map(abs, best)) + step > look.reach else step
    return look.tables


class _Look:
    """The counts at each shift, looked at once."""

    def __init__(self, maps: Stack) -> None:
        sizes = maps.true.shape[1:]
        self.reach = min(REACH, min(sizes) // 4)
        self._places = [_places(size, self.reach) for size in sizes]
        self._maps = maps
        self._true = self._at(maps.true, (0, 0))
        self.tables: Tables = {}

    def gain(self, shift: Offset) -> float:
        """Return the mean IoU with the predictions moved by `shift`; -1 beyond the reach."""
        if max(map(abs, shift)) > self.reach:
            return -1.0
        if shift not in self.tables:
            pred = self._at(self._maps.pred, shift)
            self.tables[shift] = count_pairs(self._true, pred, self._maps.classes)
        return float(compute_mean_iou(self.tables[shift].sum(axis=0)))

    def _at(self, labels: Ids, shift: Offset) -> Ids:
        rows, columns = (places - by for places, by in zip(self._places, shift, strict=True))
        return labels[:, rows[:, np.newaxis], columns]


def _places(size: int, reach: int) -> NDArray[np.intp]:
    inner = size - 2 * reach
    return reach + np.linspace(0, inner - 1, min(inner, POINTS)).astype(np.intp)
