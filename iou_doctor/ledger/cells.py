"""Predictions that were enlarged consist of cells of one label, in which thin things get lost."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.map_samples import Labels
from iou_doctor.record import record

LEAST_CHANGES = 8
"""The number of rows, and of columns, with a change of label from which cells are no accident."""
LEAST_PIXELS = 20
"""Pixels of a class below which nothing is said about it."""


@record
class Cells:
    """The cells that predictions consist of."""

    size: tuple[int, int]
    """Height and width in pixels."""
    starts: tuple[tuple[int, int], ...]
    """The first row and column of a whole cell in each map."""

    def limit_iou(self, y_true: Sequence[Labels], label: int) -> float | None:
        """Return the greatest IoU of a class that predictions in such cells can have.

        `None` if the maps hold too few pixels of it.

        Args:
            y_true: the true maps, in the order of `starts`.
            label: the class.
        """
        counts = [
            self._count(one, start, label) for one, start in zip(y_true, self.starts, strict=True)
        ]
        own, size = (np.concatenate(part) for part in zip(*counts, strict=True))
        if own.sum() < LEAST_PIXELS:
            return None
        order = np.argsort(-own / size, kind="stable")
        # the best choice of cells takes those that the class fills most
        both, chosen = own[order].cumsum(), size[order].cumsum()
        return float((both / (own.sum() + chosen - both)).max())

    def _count(
        self, labels: Labels, start: tuple[int, int], label: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pixels of a class, and all pixels, of each cell of a map."""
        rows, columns = (
            (np.arange(length) - first) // step + 1
            for length, first, step in zip(labels.shape, start, self.size, strict=True)
        )
        number = rows[:, None] * (int(columns[-1]) + 1) + columns
        size = np.bincount(number.ravel())
        own = np.bincount(number[labels == label], minlength=len(size))
        return own[size > 0], size[size > 0]


def find_cells(maps: Sequence[Labels]) -> Cells | None:
    """Return the cells that label maps of shape (height, width) consist of; `None` if of pixels.

    Args:
        maps: parts of label maps with all of their pixels.
    """
    sizes, firsts = [], []
    for axis in (0, 1):
        changes = [_find_changes(one, axis) for one in maps]
        step = 0
        for own in changes:
            step = gcd(step, *np.diff(own).tolist())
        if step < 2 or sum(map(len, changes)) < LEAST_CHANGES:
            return None
        sizes.append(step)
        firsts.append([int(own[0]) % step if len(own) else 0 for own in changes])
    return Cells((sizes[0], sizes[1]), tuple(zip(*firsts, strict=True)))


def _find_changes(labels: Labels, axis: int) -> NDArray[np.intp]:
    """Return the rows, or the columns, that differ from the one before."""
    lines = labels if axis == 0 else labels.T
    return np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1)) + 1
