"""Try flips, quarter turns and transposition of the predictions, and score how well each fits."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from iou_doctor.checks.map_stack import (
    Ids,
    Scores,
    Stack,
    compute_mean_iou,
    count_areas,
    count_different_masks,
    estimate_chance,
)
from iou_doctor.checks.stack_maps import keep_for_all_rules
from iou_doctor.counts.map_samples import InterpretedProbe
from iou_doctor.record import record
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.step import Move, Side
from iou_doctor.repairs.swap_height_width import SwapHeightWidth

PIXELS_A_SIDE = 48
"""Maximum number of pixels along each axis of the maps that are compared. 32 samples then take a
few milliseconds.
"""
LEAST_TURN_GAIN, CHANCE_GAIN = 0.1, 0.4
"""A turn must gain LEAST_TURN_GAIN + CHANCE_GAIN / scenes in mean IoU. With predictions that have
nothing to do with the masks, the best of seven turns gained up to 0.43 on one scene of two classes,
0.22 on two scenes and 0.12 on six."""
LEAST_LED_GAIN, LEAST_LEAD, FEWEST_LED_CLASSES = 0.35, 0.3, 3
"""With this many classes, it is enough to gain LEAST_LED_GAIN and to lead all other turns by
LEAST_LEAD. The best turn did so in none of 8,400 single scenes with unrelated predictions."""
LEAST_TURNED_SHARE = 2 / 3
"""Minimum share of the samples that score higher after the turn, of those that can tell."""
ROUNDING = 1e-9
"""Difference in mean IoU up to which two turns fit alike."""


@record
class Turn:
    """One way to flip, turn or transpose label maps."""

    name: str
    steps: tuple[Move, ...]

    def __call__(self, maps: Ids) -> Ids:
        """Return maps of shape (n, *spatial) after the turn."""
        for step in self.steps:
            maps = step.apply(maps, spatial=maps.ndim - 1)
        return maps


NATURAL_ORDER = (0, 1, 2)
"""The order of the axes of a volume that changes nothing."""
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
"""The turns of square maps. They are named by what was done to the predictions, and their steps
undo it."""


def _name_order(order: tuple[int, ...]) -> str:
    """Return what was done to predictions of volumes that this order of their axes undoes."""
    done = sorted(NATURAL_ORDER, key=lambda axis: order[axis])
    return f"transposed, with the axes of the mask in the order {', '.join(map(str, done))}"


VOLUME_QUARTERS = (Turn(_name_order((0, 2, 1)), SWAP.steps), *QUARTERS[1:3])
"""The turns of the square slices of volumes."""


@record
class Fits:
    """How well each turn of the predictions fits the masks. The first turn is the identity."""

    turns: tuple[Turn, ...]
    images: Scores
    """Mean IoU, shape (turns, samples)."""
    pooled: Scores
    """Mean IoU of all samples together, shape (turns,)."""
    scenes: int
    """Number of samples whose masks differ clearly."""
    chance: float = 0.0
    """Mean IoU of predictions that have nothing to do with the masks. Any turn lifts maps with
    exchanged ids to it."""
    classes: int = 2
    """Number of classes in the masks."""

    def find_best(self) -> int:
        """Return the index of the best turn if it fits most samples clearly better, otherwise 0."""
        best = int(np.argmax(self.pooled))
        if self.pooled[best] - self.pooled[0] <= self._get_least_gain(best):
            return 0
        if self.pooled[best] - self.chance <= LEAST_TURN_GAIN:
            return 0
        better, told = self.count_better(best)
        return best if better >= LEAST_TURNED_SHARE * told else 0

    def _get_least_gain(self, best: int) -> float:
        least = LEAST_TURN_GAIN + CHANCE_GAIN / self.scenes
        lead = self.pooled[best] - np.delete(self.pooled, best).max(initial=0)
        is_led = self.classes >= FEWEST_LED_CLASSES and lead >= LEAST_LEAD
        return min(least, LEAST_LED_GAIN) if is_led else least

    def count_better(self, turn: int) -> tuple[int, int]:
        """Return how many samples fit a turn better than as given, and how many can tell.

        Samples of one class fit all turns alike.
        """
        gain = self.images[turn] - self.images[0]
        return int((gain > ROUNDING).sum()), int((np.abs(gain) > ROUNDING).sum())


def list_turns(spatial: int, *, square: bool) -> tuple[Turn, ...]:
    """Return the turns that keep the shape of maps: the identity, then flips, then the others.

    Args:
        spatial: the number of spatial axes, 2 or 3.
        square: whether height and width are equal, so that they can be exchanged.
    """
    flips = tuple(
        _build_flip(axes, spatial)
        for count in range(1, spatial + 1)
        for axes in combinations(range(spatial), count)
    )
    quarters = QUARTERS if spatial == 2 else VOLUME_QUARTERS
    return (IDENTITY, *flips, *(quarters if square else ()))


def list_orientations(sizes: tuple[int, ...]) -> tuple[Turn, ...]:
    """Return all ways to permute and flip axes that keep the sizes of a volume, identity first."""
    orders = [order for order in permutations(range(3)) if _keeps_sizes(order, sizes)]
    return tuple(build_orientation(order, axes) for order in orders for axes in _list_axes())


def _keeps_sizes(order: tuple[int, ...], sizes: tuple[int, ...]) -> bool:
    return tuple(sizes[axis] for axis in order) == sizes


def _list_axes() -> list[tuple[int, ...]]:
    return [axes for count in range(4) for axes in combinations(range(3), count)]


def build_orientation(order: tuple[int, ...], axes: tuple[int, ...]) -> Turn:
    """Return the turn that puts the axes of volumes into an order and then reverses some."""
    flip = _build_flip(axes, len(order)) if axes else IDENTITY
    if order == NATURAL_ORDER:
        return flip
    done = [flip.name, _name_order(order)] if axes else [_name_order(order)]
    return Turn(" and ".join(done), (PermuteAxes(Side.PREDICTIONS, order), *flip.steps))


def fit_all_turns(sampled: InterpretedProbe, maps: Stack) -> Fits:
    """Score the predictions after each turn that keeps the shape of kept maps, once for all rules.

    Args:
        sampled: what keeps the maps and their scores.
        maps: what `stack_maps` returned for it.
    """
    turns = list_turns(maps.y_true.ndim - 1, square=sampled.is_square)
    return keep_for_all_rules(sampled, maps, lambda: fit_turns(maps, turns))


def fit_turns(maps: Stack, turns: tuple[Turn, ...]) -> Fits:
    """Score the predictions after each of the turns."""
    areas = np.array([count_areas(maps.y_true, turn(maps.y_pred), maps.classes) for turn in turns])
    pooled = areas.sum(axis=1)
    return Fits(
        turns=turns,
        images=compute_mean_iou(areas),
        pooled=compute_mean_iou(pooled),
        scenes=count_different_masks(maps),
        chance=estimate_chance(pooled[0]),
        classes=int((pooled[0, 0] > 0).sum()),
    )


def describe_silent(number: int) -> str:
    """Return how many samples fit any turn alike, in brackets; empty if there are none."""
    return f" ({number:,} empty ones cannot tell)" if number else ""
