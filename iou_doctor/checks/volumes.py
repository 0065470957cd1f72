"""Compare label maps as volumes: as given, or with the slices of one volume stacked.

A label array of three axes may hold samples or one volume. Neighbouring slices of a volume look
alike and distant ones do not, while independent samples differ equally.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import (
    SAME_SCENE_IOU,
    Ids,
    Scale,
    Stack,
    compute_mean_iou,
    count_pairs,
    has_nothing_to_gain,
    stack_maps,
)
from iou_doctor.checks.orientations import LEAST_TURNED_SHARE, Fits, Turn
from iou_doctor.counts.map_samples import find_centres
from iou_doctor.record import record
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.step import Move, Side
from iou_doctor.report.finding import Skipped

NATURAL_ORDER = (0, 1, 2)
"""The order of axes that changes nothing."""
FEWEST_SLICES = 6
"""Minimum number of slices of a volume. In fewer, neighbours and distant slices are the same."""
LEAST_LIKENESS = 0.3
"""Minimum mean IoU of neighbouring slices over what distant slices have in common, as a share of
what is left to 1. Independent samples have 0, blobs as wide as four slices 0.5."""
MOST_ALIKE = 0.9
"""Maximum mean IoU of distant slices. Masks that are all alike are those of similar images."""
LEAST_VOLUME_GAIN, VOLUME_CHANCE_GAIN = 0.1, 1.5
"""Another orientation must gain LEAST_VOLUME_GAIN + VOLUME_CHANCE_GAIN / scenes in mean IoU. With
predictions that have nothing to do with the masks, the best of 48 orientations gained up to 0.34
where five slices differ clearly, and up to 0.16 where ten do."""
LEAST_VOLUME_SCORE = 0.5
"""Minimum mean IoU in another orientation. Unrelated volumes hardly reach it."""
VOLUME_SIDE = 24
"""Maximum number of voxels along each axis of the volumes that are compared, as in the maps of many
samples. One orientation of such a volume takes a fifth of a millisecond."""


@record
class Volumes:
    """Volumes to compare."""

    maps: Stack
    """Shape (n, depth, height, width)."""
    sizes: tuple[int, ...]
    """The sizes of a volume as stored."""
    has_slices: bool
    """Whether the samples of the arrays are the slices of one volume."""


@record
class Orientation:
    """The orientation in which predicted volumes fit their masks far better than as given."""

    volumes: Volumes
    fits: Fits
    """Their samples are the slices along the first axis of the volumes."""
    best: int

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
        """Return why an array of samples is taken for one volume; `None` if it is not one."""
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


def stack_volumes(evidence: Evidence) -> Volumes | None:
    """Return the label maps as volumes; `None` if the arrays hold no volumes."""
    layout = evidence.interpretation.layout
    sizes = tuple(size or 0 for size in layout.y_true.spatial_shape)
    if evidence.sampled is None or evidence.sampled.spatial_axes not in {2, 3}:
        return None
    if evidence.sampled.spatial_axes == 3:
        maps = stack_maps(evidence, "fine", side=VOLUME_SIDE)
        return None if isinstance(maps, Skipped) else Volumes(maps, sizes, has_slices=False)
    same = layout.y_true.samples == layout.y_pred.samples
    if not same or len(sizes) != 2 or layout.samples < FEWEST_SLICES or layout.mismatched:
        return None
    all_kept = len(evidence.sampled.many.samples) == layout.samples
    scale: Scale = "many" if all_kept else "fine"
    slices = stack_maps(evidence, scale, side=VOLUME_SIDE)
    if isinstance(slices, Skipped) or not _are_of_one_volume(slices):
        return None
    places = find_centres(len(slices), min(len(slices), VOLUME_SIDE))
    some = slices.take(places)
    volume = replace(
        some,
        samples=np.zeros(1, dtype=np.int64),
        y_true=some.y_true[np.newaxis],
        y_pred=some.y_pred[np.newaxis],
    )
    return Volumes(volume, (layout.samples, *sizes), has_slices=True)


def is_one_volume(evidence: Evidence) -> bool:
    """Return whether the samples of the arrays are the slices of one volume."""
    volumes = stack_volumes(evidence)
    return volumes is not None and volumes.has_slices


def find_orientation(evidence: Evidence) -> Orientation | None:
    """Return the orientation in which the volumes fit far better than as given, if there is one."""
    if has_nothing_to_gain(evidence):
        return None
    volumes = stack_volumes(evidence)
    if volumes is None:
        return None
    fits = fit_volumes(volumes, list_orientations(volumes.sizes))
    best = int(np.argmax(fits.pooled))
    least = LEAST_VOLUME_GAIN + VOLUME_CHANCE_GAIN / fits.scenes
    if fits.pooled[best] < max(LEAST_VOLUME_SCORE, fits.pooled[0] + least):
        return None
    better, told = fits.count_better(best)
    if better < LEAST_TURNED_SHARE * told:
        return None
    return Orientation(volumes, fits, best)


def _are_of_one_volume(slices: Stack) -> bool:
    """Return whether neighbouring slices of the truth are more alike than distant ones."""
    told = (slices.y_true != slices.y_true[0, 0, 0]).reshape(len(slices), -1).any(axis=1)
    truth = slices.y_true[told]
    if len(truth) < FEWEST_SLICES:
        return False
    near = _compare_slices(slices, truth, 1)
    far = _compare_slices(slices, truth, len(truth) // 2)
    return far <= MOST_ALIKE and near >= far + LEAST_LIKENESS * (1 - far)


def _compare_slices(slices: Stack, truth: Ids, distance: int) -> float:
    """Return the mean IoU of the slices and those that come `distance` places later."""
    counts = count_pairs(truth[distance:], truth[:-distance], slices.classes)
    return float(compute_mean_iou(counts).mean())


def list_orientations(sizes: tuple[int, ...]) -> tuple[Turn, ...]:
    """Return all ways to permute and flip axes that keep the sizes of a volume, identity first."""
    orders = [order for order in permutations(range(3)) if _keeps_sizes(order, sizes)]
    return tuple(_build_turn(order, axes) for order in orders for axes in _list_axes())


def _keeps_sizes(order: tuple[int, ...], sizes: tuple[int, ...]) -> bool:
    return tuple(sizes[axis] for axis in order) == sizes


def _list_axes() -> list[tuple[int, ...]]:
    return [axes for count in range(4) for axes in combinations(range(3), count)]


def _build_turn(order: tuple[int, ...], axes: tuple[int, ...]) -> Turn:
    steps: list[Move] = []
    if order != NATURAL_ORDER:
        steps.append(PermuteAxes(Side.PREDICTIONS, order))
    if axes:
        steps.append(Flip(Side.PREDICTIONS, axes))
    return Turn("", tuple(steps))


def fit_volumes(volumes: Volumes, turns: tuple[Turn, ...]) -> Fits:
    """Score the predictions after each of the turns, slice by slice."""
    maps = volumes.maps
    slices = replace(maps, y_true=_cut(maps.y_true), y_pred=_cut(maps.y_pred))
    counts = [count_pairs(slices.y_true, _cut(turn(maps.y_pred)), maps.classes) for turn in turns]
    return Fits(
        turns=turns,
        images=np.array([compute_mean_iou(table) for table in counts]),
        pooled=np.array([compute_mean_iou(table.sum(axis=0)) for table in counts]),
        scenes=_count_scenes(slices),
    )


def _cut(maps: Ids) -> Ids:
    """Return volumes of shape (n, depth, height, width) as slices (n · depth, height, width)."""
    return maps.reshape(-1, *maps.shape[2:])


def _count_scenes(maps: Stack) -> int:
    """Count the slices that differ clearly from the last one counted, and the first one.

    Slices of one class say nothing about an orientation and are not counted.
    """
    flat = maps.y_true.reshape(len(maps.y_true), -1)
    told = (flat != flat[:, :1]).any(axis=1)
    scenes, last = 0, None
    for truth in maps.y_true[told]:
        if last is not None:
            counts = count_pairs(truth[np.newaxis], last[np.newaxis], maps.classes)
            if compute_mean_iou(counts)[0] >= SAME_SCENE_IOU:
                continue
        scenes, last = scenes + 1, truth
    return max(scenes, 1)
