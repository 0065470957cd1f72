"""Find the orientation in which predicted volumes fit their masks: axes in any order, flipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import (
    SAME_SCENE_IOU,
    Ids,
    Stack,
    compute_mean_iou,
    count_areas,
    find_told,
    has_nothing_to_gain,
)
from iou_doctor.checks.orientations import (
    LEAST_TURNED_SHARE,
    NATURAL_ORDER,
    Fits,
    Turn,
    build_orientation,
    list_orientations,
)
from iou_doctor.checks.stack_maps import keep_for_all_rules
from iou_doctor.checks.stated_places import LEAST_STATED_GAIN, STATED_BY_AFFINES
from iou_doctor.checks.volumes import Volumes, stack_volumes
from iou_doctor.record import record
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.step import Move, Side

LEAST_VOLUME_GAIN, VOLUME_CHANCE_GAIN = 0.1, 2.0
"""Another orientation must gain LEAST_VOLUME_GAIN + VOLUME_CHANCE_GAIN / scenes in mean IoU. With
predictions that have nothing to do with the masks, the best of 48 orientations gained up to 0.34
where five slices differ clearly, and up to 0.16 where ten do."""
LEAST_LED_GAIN, LEAST_LEAD = 0.15, 0.15
"""Or it must gain LEAST_LED_GAIN and score LEAST_LEAD more than all other orientations. In 500
unrelated volumes, the best one that gained as much led by up to 0.12."""
LEAST_VOLUME_SCORE, LEAST_LED_SCORE = 0.5, 0.4
"""Minimum mean IoU in another orientation, and its minimum if that leads all others. Unrelated
volumes hardly reach the first. None of 800 gained LEAST_LED_GAIN and led by more than 0.07."""


@record
class Orientation:
    """The orientation in which predicted volumes fit their masks far better than as given."""

    volumes: Volumes
    fits: Fits
    """Their samples are the slices along the first axis of the volumes."""
    best: int
    is_stated: bool = False
    """Whether the files say that the predictions are turned like this."""

    @property
    def order(self) -> tuple[int, ...]:
        """The order of the axes, counted among those of the volume."""
        steps = self.fits.turns[self.best].steps
        return next((step.order for step in steps if isinstance(step, PermuteAxes)), NATURAL_ORDER)

    @property
    def flipped(self) -> tuple[int, ...]:
        """The axes to flip after that, counted among those of the volume."""
        steps = self.fits.turns[self.best].steps
        return next((step.axes for step in steps if isinstance(step, Flip)), ())

    @property
    def scores(self) -> tuple[float, float]:
        """The mean IoU as given and in this orientation."""
        return float(self.fits.pooled[0]), float(self.fits.pooled[self.best])

    @property
    def within_slices(self) -> bool:
        """Whether the samples of the arrays are slices, and each of them keeps its place."""
        return self.volumes.has_slices and self.order[0] == 0 and 0 not in self.flipped

    def describe_reading(self) -> str | None:
        """Return what else shows the orientation or the volume; `None` if there is nothing."""
        if self.is_stated:
            return STATED_BY_AFFINES
        if not self.volumes.has_slices:
            return None
        return (
            f"the {self.volumes.sizes[0]:,} samples are taken for slices of one volume:"
            " neighbouring masks are more alike than distant ones"
        )

    def build_steps(self) -> tuple[Move, ...]:
        """Return the steps for the arrays as they are stored.

        If the samples are slices, the first axis of the volume is the sample axis.
        """
        if not self.volumes.has_slices:
            return self.fits.turns[self.best].steps
        steps: list[Move] = []
        if self.order != NATURAL_ORDER:
            steps.append(PermuteAxes(Side.PREDICTIONS, self.order))
        if 0 in self.flipped:
            last = self.volumes.sizes[0] - 1
            steps.append(Reorder(Side.PREDICTIONS, tuple(range(last, -1, -1))))
        if inner := tuple(axis - 1 for axis in self.flipped if axis):
            steps.append(Flip(Side.PREDICTIONS, inner))
        return tuple(steps)


def find_orientation(evidence: Evidence) -> Orientation | None:
    """Return the orientation in which the volumes fit far better than as given, if there is one."""
    if has_nothing_to_gain(evidence):
        return None
    volumes = stack_volumes(evidence)
    if volumes is None or evidence.sampled is None:
        return None
    return keep_for_all_rules(
        evidence.sampled, volumes, lambda: _search_orientation(volumes, evidence)
    )


def do_objects_lie_elsewhere(evidence: Evidence) -> bool:
    """Return whether objects miss those of the masks, and no turn of the volumes explains it."""
    if find_orientation(evidence) is not None:
        return False
    from iou_doctor.checks.volume_places import do_objects_miss  # before a finding

    volumes = stack_volumes(evidence)
    return volumes is not None and do_objects_miss(volumes.maps)


def _search_orientation(volumes: Volumes, evidence: Evidence) -> Orientation | None:
    fits = fit_volumes(volumes, list_orientations(volumes.sizes))
    best = int(np.argmax(fits.pooled))
    stated = _find_stated_turn(fits, evidence)
    if stated is not None and fits.pooled[stated] >= fits.pooled[best] - LEAST_STATED_GAIN:
        return Orientation(volumes, fits, stated, is_stated=True)
    if not best or not _gains_enough(volumes, fits, best):
        return None
    return Orientation(volumes, fits, best) if _do_slices_agree(volumes, fits, best) else None


def _gains_enough(volumes: Volumes, fits: Fits, best: int) -> bool:
    """Return whether the best orientation fits far better, also than any other place."""
    least, score = LEAST_VOLUME_GAIN + VOLUME_CHANCE_GAIN / fits.scenes, LEAST_VOLUME_SCORE
    if _measure_lead(fits, best) >= LEAST_LEAD:
        least, score = min(least, LEAST_LED_GAIN), LEAST_LED_SCORE
    given, after = float(fits.pooled[0]), float(fits.pooled[best])
    gains_enough = after >= max(score, given + least)
    from iou_doctor.checks.volume_places import MOST_CHANCE, compare_places, do_objects_miss

    if not do_objects_miss(volumes.maps):
        return gains_enough
    places = compare_places(volumes, fits.turns[best])
    if not places.are_restored:
        return False
    is_clear = after >= max(LEAST_LED_SCORE, given + LEAST_VOLUME_GAIN)
    return (
        gains_enough
        or (is_clear and places.are_found_nowhere_else)
        or places.measure_chance(_count_rivals(fits, best)) <= MOST_CHANCE
    )


def _do_slices_agree(volumes: Volumes, fits: Fits, best: int) -> bool:
    """Return whether most slices of the masks that hold objects fit better.

    In the others, nothing but false alarms decides.
    """
    told = find_told(_cut(volumes.maps.y_true))
    better, all_told = replace(fits, images=fits.images[:, told]).count_better(best)
    return better >= LEAST_TURNED_SHARE * all_told


def _measure_lead(fits: Fits, best: int) -> float:
    """Return by how much the best orientation scores more than the next one."""
    return float(fits.pooled[best] - np.delete(fits.pooled, best).max(initial=0))


def _find_stated_turn(fits: Fits, evidence: Evidence) -> int | None:
    """Return the turn that the files state, if the predictions fit better after it."""
    stated, sized = evidence.pair.stated_turn, evidence.interpretation.layout.axis_order
    if stated is None:
        return None
    order = stated.order if sized is None else tuple(map(sized.index, stated.order))
    wanted = build_orientation(order, stated.flipped)
    index = next((i for i, turn in enumerate(fits.turns) if turn.steps == wanted.steps), 0)
    return index if fits.pooled[index] >= fits.pooled[0] + LEAST_STATED_GAIN else None


def _count_rivals(fits: Fits, best: int) -> int:
    """Return how many turns of the same kind were tried."""
    kinds = [tuple(sorted({type(step).__name__ for step in turn.steps})) for turn in fits.turns]
    return kinds.count(kinds[best])


def fit_volumes(volumes: Volumes, turns: tuple[Turn, ...]) -> Fits:
    """Score the predictions after each of the turns, slice by slice."""
    maps = volumes.maps
    slices = replace(maps, y_true=_cut(maps.y_true), y_pred=_cut(maps.y_pred))
    areas = np.array(
        [count_areas(slices.y_true, _cut(turn(maps.y_pred)), maps.classes) for turn in turns]
    )
    return Fits(
        turns=turns,
        images=compute_mean_iou(areas),
        pooled=compute_mean_iou(areas.sum(axis=1)),
        scenes=_count_scenes(slices),
    )


def _cut(maps: Ids) -> Ids:
    """Return volumes of shape (n, depth, height, width) as slices (n · depth, height, width)."""
    return maps.reshape(-1, *maps.shape[2:])


def _count_scenes(maps: Stack) -> int:
    """Count the slices that differ clearly from the last one counted, and the first one.

    Slices of one class say nothing about an orientation and are not counted.
    """
    scenes, last = 0, None
    for truth in maps.y_true[find_told(maps.y_true)]:
        if last is not None:
            areas = count_areas(truth[np.newaxis], last[np.newaxis], maps.classes)
            if compute_mean_iou(areas)[0] >= SAME_SCENE_IOU:
                continue
        scenes, last = scenes + 1, truth
    return max(scenes, 1)
