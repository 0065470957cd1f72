"""Flips, quarter turns and transposition of the predictions, and how well each of them fits."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.map_stack import (
    Ids,
    Scores,
    Stack,
    compute_mean_iou,
    count_different_masks,
    count_pairs,
)
from iou_doctor.record import record
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.step import Move, Side
from iou_doctor.repairs.swap_height_width import SwapHeightWidth

PIXELS_A_SIDE = 48
"""Pixels along each axis that flips and turns are judged on: a few milliseconds for 32 samples."""
GAIN, LUCK = 0.1, 0.4
"""A turn must gain GAIN + LUCK / scenes in mean IoU. Where predictions have nothing to do with the
masks, the best of seven turns gained up to 0.43 on one two-class scene, 0.22 on two, 0.12 on six.
"""
MOST = 2 / 3
"""Share of the samples in which the turn must beat the given position."""


@record
class Turn:
    """One way to turn label maps about."""

    name: str
    steps: tuple[Move, ...]

    def __call__(self, maps: Ids) -> Ids:
        """Return (n, *spatial) maps after the turn."""
        for step in self.steps:
            maps = step.apply(maps, spatial=maps.ndim - 1)
        return maps


IDENTITY = Turn("as given", ())
AXES = {2: ("upside down", "left to right"), 3: ("front to back", "upside down", "left to right")}


def _build_flip(axes: tuple[int, ...], spatial: int) -> Turn:
    name = "flipped " + " and ".join(AXES[spatial][axis] for axis in axes)
    return Turn(name, (Flip(Side.PREDICTIONS, axes),))


SWAP = Turn("transposed", (SwapHeightWidth(Side.PREDICTIONS),))
QUARTERS = (
    SWAP,
    Turn("turned by a quarter to the right", (Rotate(Side.PREDICTIONS, quarters=1),)),
    Turn("turned by a quarter to the left", (Rotate(Side.PREDICTIONS, quarters=3),)),
    Turn(
        "transposed about the other diagonal",
        (*SWAP.steps, Flip(Side.PREDICTIONS, (0, 1))),
    ),
)
"""Named by what happened to the predictions; the steps undo it."""


@record
class Fits:
    """How well each turn of the predictions fits the masks. The first one is the identity."""

    turns: tuple[Turn, ...]
    images: Scores
    """Mean IoU, shape (turns, samples)."""
    pooled: Scores
    """Mean IoU over all samples together, shape (turns,)."""
    scenes: int
    """Samples whose masks differ clearly."""

    def find_best(self) -> int:
        """Return the best turn where it serves all samples and is no accident, else 0."""
        best = int(np.argmax(self.pooled))
        if self.pooled[best] - self.pooled[0] <= GAIN + LUCK / self.scenes:
            return 0
        better = (self.images[best] > self.images[0]).mean()
        return best if better >= MOST else 0


def list_turns(spatial: int, *, square: bool) -> tuple[Turn, ...]:
    """Return the turns that leave the shape as it is, the identity first, flips before others."""
    flips = tuple(
        _build_flip(axes, spatial)
        for count in range(1, spatial + 1)
        for axes in combinations(range(spatial), count)
    )
    quarters = QUARTERS if spatial == 2 else QUARTERS[:3]
    return (IDENTITY, *flips, *(quarters if square else ()))


def fit_turns(maps: Stack, turns: tuple[Turn, ...]) -> Fits:
    """Return how well each of the turns fits."""
    counts: list[NDArray[np.int64]] = [
        count_pairs(maps.true, turn(maps.pred), maps.classes) for turn in turns
    ]
    return Fits(
        turns=turns,
        images=np.array([compute_mean_iou(table) for table in counts]),
        pooled=np.array([compute_mean_iou(table.sum(axis=0)) for table in counts]),
        scenes=count_different_masks(maps),
    )
