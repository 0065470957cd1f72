"""Compare label maps as volumes: as given, or with the slices of one volume stacked.

A label array of three axes may hold samples or one volume. Neighbouring slices of a volume look
alike and distant ones do not, while independent samples differ equally.
"""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack, compute_mean_iou, count_areas
from iou_doctor.checks.stack_maps import keep_for_all_rules, stack_maps
from iou_doctor.counts.map_samples import find_centres
from iou_doctor.record import record
from iou_doctor.report.finding import Skipped

FEWEST_SLICES = 6
"""Minimum number of slices of a volume. In fewer, neighbours and distant slices are the same."""
LEAST_LIKENESS = 0.3
"""Minimum mean IoU of neighbouring slices over what distant slices have in common, as a share of
what is left to 1. Independent samples have 0, blobs as wide as four slices 0.5."""
FEWEST_NEIGHBOURS, MOST_CHANCE, LEAST_SHARED = 3, 0.015, 0.4
"""Or at least FEWEST_NEIGHBOURS slices hold something, these are neighbours with a probability of
at most MOST_CHANCE if the order is left to chance, and their objects share at least LEAST_SHARED of
their pixels."""
MOST_ALIKE = 0.9
"""Maximum mean IoU of distant slices. Masks that are all alike are those of similar images."""
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


def stack_volumes(evidence: Evidence) -> Volumes | None:
    """Return the label maps as volumes; `None` if the arrays hold no volumes."""
    layout, sampled = evidence.interpretation.layout, evidence.sampled
    # axes along which volumes differ in size cannot be exchanged: their sizes are unlike all others
    sizes = tuple(size or -axis for axis, size in enumerate(layout.y_true.spatial_shape, 1))
    if layout.relation is Relation.FLATTENED:
        return None  # an array of one axis does not say how a volume is stored
    if sampled is None or sampled.spatial_axes not in {2, 3}:
        return None
    has_slices = sampled.spatial_axes == 2
    if has_slices:
        same = layout.y_true.samples == layout.y_pred.samples
        if not same or len(sizes) != 2 or layout.samples < FEWEST_SLICES or layout.mismatched:
            return None
        sizes = (layout.samples, *sizes)
    all_kept = has_slices and len(sampled.many.samples) == layout.samples
    maps = stack_maps(evidence, "many" if all_kept else "fine", side=VOLUME_SIDE)
    if isinstance(maps, Skipped):
        return None
    if not has_slices:
        return keep_for_all_rules(sampled, maps, lambda: Volumes(maps, sizes, has_slices=False))
    return keep_for_all_rules(sampled, maps, lambda: _join_slices(maps, sizes))


def _join_slices(slices: Stack, sizes: tuple[int, ...]) -> Volumes | None:
    """Return the slices as one volume; `None` if they are independent samples."""
    if not _are_of_one_volume(slices):
        return None
    some = slices.take(find_centres(len(slices), min(len(slices), VOLUME_SIDE)))
    volume = replace(
        some,
        samples=np.zeros(1, dtype=np.int64),
        y_true=some.y_true[np.newaxis],
        y_pred=some.y_pred[np.newaxis],
    )
    return Volumes(volume, sizes, has_slices=True)


def is_one_volume(evidence: Evidence) -> bool:
    """Return whether the samples of the arrays are the slices of one volume."""
    volumes = stack_volumes(evidence)
    return volumes is not None and volumes.has_slices


def _are_of_one_volume(slices: Stack) -> bool:
    """Return whether neighbouring slices of the truth are more alike than distant ones.

    A small organ fills few slices, and these are neighbours.
    """
    told = (slices.y_true != slices.y_true[0, 0, 0]).reshape(len(slices), -1).any(axis=1)
    truth = slices.y_true[told]
    if _are_few_neighbours(told) and _share_objects(slices, truth):
        return True
    if len(truth) < FEWEST_SLICES:
        return False
    near = _compare_slices(slices, truth, 1)
    far = _compare_slices(slices, truth, len(truth) // 2)
    return far <= MOST_ALIKE and near >= far + LEAST_LIKENESS * (1 - far)


def _are_few_neighbours(told: NDArray[np.bool_]) -> bool:
    """Return whether the slices that hold something are neighbours, and not by chance.

    Samples that are sorted by what they hold come first or last.
    """
    places, count = np.flatnonzero(told), len(told)
    number = len(places)
    if number < FEWEST_NEIGHBOURS or places[-1] - places[0] != number - 1:
        return False
    is_inside = places[0] > 0 and places[-1] < count - 1
    return is_inside and comb(count, number) * MOST_CHANCE >= count - number + 1


def _share_objects(slices: Stack, truth: Ids) -> bool:
    """Return whether the objects of neighbouring slices lie on top of each other."""
    background = slices.y_true[0, 0, 0]
    here, there = truth[1:] != background, truth[:-1] != background
    both = (here & there & (truth[1:] == truth[:-1])).sum()
    return bool(both >= LEAST_SHARED * (here | there).sum())


def _compare_slices(slices: Stack, truth: Ids, distance: int) -> float:
    """Return the mean IoU of the slices and those that come `distance` places later."""
    areas = count_areas(truth[distance:], truth[:-distance], slices.classes)
    return float(compute_mean_iou(areas).mean())
