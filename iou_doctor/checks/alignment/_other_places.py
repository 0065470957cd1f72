"""Explain turned predictions by a shift, or by single objects that lie elsewhere."""

from __future__ import annotations

from iou_doctor.checks.alignment._shifts import SHIFT_REACH, are_too_small, search_shifts
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.stated_places import STATED
from iou_doctor.report.finding import Finding, Skipped

LARGEST_VOLUME_SHIFT = 8
"""Largest shift of a volume that is as likely as a flip, in voxels. A single organ near the middle
fits as well after a flip as after a large shift."""


def is_explained_otherwise(evidence: Evidence, finding: Finding) -> bool:
    """Return whether a shift, or the places of single objects in volumes, explain a turn."""
    if is_shift_better(evidence, finding):
        return True
    if finding.evidence == STATED or "faulty" in finding.facts:
        return False
    from iou_doctor.checks.volume_orientation import do_objects_lie_elsewhere

    return do_objects_lie_elsewhere(evidence)


def is_shift_better(evidence: Evidence, finding: Finding, largest: int = SHIFT_REACH) -> bool:
    """Return whether one shift of all samples gains more than turning them.

    Round objects that are shifted may fit better after a flip, too.

    Args:
        evidence: the facts.
        finding: the finding on turned samples.
        largest: the largest shift, in pixels, that is as likely as a turn.
    """
    maps = stack_maps(evidence, "crops")
    if isinstance(maps, Skipped) or are_too_small(maps):
        return False
    shifts, facts = search_shifts(maps), finding.facts
    gain: float = facts["mean_iou_turned_back"] - facts["mean_iou_given"]
    return shifts.gain > gain and max(map(abs, shifts.best)) <= largest
