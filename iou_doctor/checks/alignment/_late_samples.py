"""Tell predictions that come some places late from predictions that are shifted by some pixels.

In the frames of a video, what moves by a few pixels a frame fits after either. A shift is the same
in all samples and leaves nothing over; the frame next to it shows what has moved on its own.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._pairing import SamplePairing, find_common_step
from iou_doctor.checks.alignment._shifts import are_too_small, search_shifts
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.report.finding import Skipped

NEAR_PLACES = (1, -1, 2, -2, 3, -3)
"""By how many places predictions are tried to come late, or early."""
FEWEST_PAIRS = 3
"""Minimum number of pairs that are left when the predictions are moved by some places."""
LEAST_PART = 0.7
"""Minimum gain of the neighbours, as a share of that of a shift, to be the cause instead. Both are
measured on maps of different sizes."""
LEAST_SHIFT_LEAD = 0.03
"""Minimum lead in gain of a common shift over neighbours, to be the cause instead."""


def are_late(evidence: Evidence, shift_gain: float) -> bool:
    """Return whether predictions a few places away fit about as well as shifted ones do."""
    maps = stack_maps(evidence, "many")
    if isinstance(maps, Skipped):
        return False
    gains = [_measure_gain(maps, places) for places in NEAR_PLACES]
    return max(gains) >= LEAST_PART * shift_gain


def _measure_gain(maps: Stack, places: int) -> float:
    """Return what the predictions gain in mean IoU if each comes some places earlier."""
    kept = len(maps) - abs(places)
    if kept < FEWEST_PAIRS:
        return 0.0
    masks = maps.take(slice(max(0, -places), max(0, -places) + kept))
    moved = maps.y_pred[max(0, places) : max(0, places) + kept]
    return masks.score_pooled(moved) - masks.score_pooled()


def is_shift_better(evidence: Evidence, pairing: SamplePairing) -> bool:
    """Return whether a common shift gains more than moving all samples by a few places."""
    step, count = find_common_step(pairing)
    if abs(step) > max(NEAR_PLACES) or 2 * count < len(pairing.partner):
        return False
    maps = stack_maps(evidence, "crops")
    if isinstance(maps, Skipped) or maps.y_true.ndim != 3 or are_too_small(maps):
        return False
    moved = pairing.partner - np.arange(len(pairing.partner)) == step
    gain = float((pairing.after - pairing.before)[moved].mean())
    return search_shifts(maps).gain > gain + LEAST_SHIFT_LEAD
