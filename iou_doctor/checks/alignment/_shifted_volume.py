"""Shifts of whole volumes along one of their axes, such as the one of the slices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Scores
from iou_doctor.checks.stack_maps import VOLUME_AXES, stack_maps
from iou_doctor.checks.volume_places import MOST_VOLUMES, Objects, find_objects
from iou_doctor.record import record
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Move, Side
from iou_doctor.report.finding import Finding, Rule, Skipped

REACH = 8
"""Largest shift that is searched for, in voxels."""
LEAST_SHIFT = 2
"""Smallest shift that is reported, in voxels. A model that draws an organ aside errs by one."""
LEAST_GAIN, LEAST_AFTER = 0.15, 0.7
"""Minimum gain in IoU of all classes but the largest one, and its minimum after the shift. A model
that errs in the depth of an organ errs in its outline, too: of 102 volumes by weak models that drew
organs a voxel aside, none gained as much."""
FEWEST_ALIKE, LEAST_SHARED_GAIN, LEAST_SHARED_AFTER = 3, 0.08, 0.5
"""If at least so many volumes have the same best shift, they may gain and reach less: each of them
errs in its own way."""


@record
class VolumeShift:
    """The best shift of volumes along one axis."""

    axis: int
    """Counted among the stored axes of the masks."""
    distance: int
    """How many voxels the predictions lie behind the masks."""
    before: float
    after: float
    is_exact: bool
    """Whether all voxels along the axis were compared."""
    steps: tuple[Move, ...] = ()
    """Moves the predictions back."""


def find_shifted_volume(evidence: Evidence) -> VolumeShift | None:
    """Return the shift of volumes along an axis if they fit far better moved back."""
    sampled = evidence.sampled
    if sampled is None:
        return None
    has_slices = sampled.spatial_axes == VOLUME_AXES - 1
    maps = stack_maps(evidence, "many" if has_slices else "fine")
    layout = evidence.interpretation.layout
    if isinstance(maps, Skipped) or maps.y_true.ndim != VOLUME_AXES + (not has_slices):
        return None
    true, pred = (side if has_slices else side[:MOST_VOLUMES] for side in find_objects(maps))
    sizes, places = layout.y_true.spatial_shape, layout.y_true.spatial
    if has_slices:
        if len(maps) != layout.samples or not layout.y_true.has_sample_axis:
            return None
        true, pred = true[np.newaxis], pred[np.newaxis]
        sizes, places = (len(maps), *sizes), (0, *places)
    if len(sizes) != VOLUME_AXES:
        return None  # the masks are flattened, and the predictions say how they are stored
    shifts = (_search_axis(true, pred, axis, sizes[axis - 1]) for axis in range(1, 4))
    best = max(filter(None, shifts), key=lambda shift: shift.after, default=None)
    if best is None:
        return None
    step = _build_step(best, sizes, has_slices=has_slices)
    return replace(best, axis=places[best.axis - 1], steps=(step,))


def _build_step(found: VolumeShift, sizes: tuple[int | None, ...], *, has_slices: bool) -> Move:
    """Return the step that moves the predictions back, in the arrays as they are stored."""
    if has_slices and found.axis == 1:
        count = sizes[0] or 0
        order = np.clip(np.arange(count) + found.distance, 0, count - 1)
        return Reorder(Side.PREDICTIONS, tuple(order.tolist()))
    axes = range(2 if has_slices else 1, 4)
    offset = tuple(-found.distance if axis == found.axis else 0 for axis in axes)
    return Shift(Side.PREDICTIONS, offset)


def _search_axis(true: Objects, pred: Objects, axis: int, size: int | None) -> VolumeShift | None:
    """Return the best shift along an axis of volumes (n, d, h, w) if it is far better than none."""
    kept = true.shape[axis]
    if size is None or size < 3 * REACH:
        return None
    reach = max(1, REACH * kept // size)
    areas = np.array([_count(true, pred, axis, by) for by in range(-reach, reach + 1)])
    pooled, alone = _score(areas.sum(axis=1)), _score(areas)
    best, told = int(pooled.argmax()), areas[reach, :, 1] > 0
    alike = np.abs(alone.argmax(axis=0) - best)[told] <= int(kept < size)
    is_shared = alike.sum() >= max(FEWEST_ALIKE, len(alike) * 2 / 3)
    gain, after = (
        (LEAST_SHARED_GAIN, LEAST_SHARED_AFTER) if is_shared else (LEAST_GAIN, LEAST_AFTER)
    )
    distance = round((_find_peak(pooled, best) - reach) * size / kept)
    if abs(distance) < LEAST_SHIFT or pooled[best] < max(after, pooled[reach] + gain):
        return None
    is_end = best in {0, len(pooled) - 1}  # the true place may lie far beyond what was tried
    if is_end or (len(alike) > 1 and not is_shared):
        return None
    exact = kept == size
    return VolumeShift(axis, distance, float(pooled[reach]), float(pooled[best]), is_exact=exact)


def _find_peak(scores: Scores, best: int) -> float:
    """Return where a parabola through the best score and its neighbours has its peak.

    In thinned volumes, shifts lie between the places that were tried.
    """
    if not 0 < best < len(scores) - 1:
        return float(best)
    before, here, after = scores[best - 1 : best + 2]
    bend = before - 2 * here + after
    return best + float((before - after) / (2 * bend)) if bend else float(best)


def _count(true: Objects, pred: Objects, axis: int, by: int) -> NDArray[np.int64]:
    """Return the voxels that both have and that either has with predictions moved back by `by`.

    Only where both are after that, shape (n, 2).
    """
    count = true.shape[axis]
    here = true.take(np.arange(max(0, -by), count - max(0, by)), axis)
    there = pred.take(np.arange(max(0, by), count - max(0, -by)), axis)
    both, either = (
        (side.reshape(len(true), -1) > 0).sum(1) for side in (here & there, here | there)
    )
    return np.stack([both, either], axis=1)


def _score(areas: NDArray[np.int64]) -> Scores:
    scores: Scores = areas[..., 0] / np.maximum(areas[..., 1], 1)
    return scores


def report_shifted_volume(rule: Rule, found: VolumeShift) -> Finding:
    """Return the finding on shifted volumes."""
    name = "voxels" if found.axis else "slices"
    about = "" if found.is_exact else "about "
    way = "end" if found.distance > 0 else "start"
    return Finding(
        rule,
        message=f"the predictions are shifted by {about}{abs(found.distance)} {name} along axis"
        f" {found.axis}, towards its {way}: the IoU of all classes but the largest one is"
        f" {found.before:.4f} as given and {found.after:.4f} moved back",
        help="cut volumes, masks and predictions from the same place, and count slices from the"
        " same one",
        facts={
            "axis": found.axis,
            "distance": found.distance,
            "iou_given": round(found.before, 4),
            "iou_moved_back": round(found.after, 4),
        },
        repair=Repair(
            "move the predictions back",
            safe=False,  # the uncovered border is filled by repeating pixels
            steps=found.steps,
        ),
    )
