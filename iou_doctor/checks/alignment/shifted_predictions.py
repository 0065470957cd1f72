"""All predictions are shifted by the same few pixels.

Half a pixel in a small feature map is many pixels in the picture: resizing with another
`align_corners`, padding that is rounded to the other side, or a crop that starts elsewhere moves
every prediction by the same step. Thin objects lose most.

    as given            mean IoU 0.54
    moved by (3, 3)     mean IoU 0.80

Use the same convention in both resizes, and cut padding off before you resize. The rule speaks if
one shift helps and most samples, looked at alone, ask for that very shift.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._shifts import SMALLEST, Offset, shifts_of, too_small
from iou_doctor.checks.alignment._tiles import SAMPLES, arrangement, full_size
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import (
    Stack,
    count_different_masks,
    has_nothing_to_gain,
    stack_maps,
)
from iou_doctor.checks.registry import Result
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU503",
    name="shifted-predictions",
    severity=Severity.WARNING,
    suspicion=Suspicion.ALIGNMENT,
    claim="all predictions are shifted by the same few pixels",
    explains=frozenset({"misplaced-tiles"}),
)
GAIN = 0.03
"""Gain in mean IoU. On healthy pairs the best small shift gains 0.01."""
MOST = 2 / 3
"""Share of the samples that must ask for the same shift."""
NEAR = 1
"""Pixels by which a sample's own best shift may lie beside the common one."""
FEWEST = 4
"""Different scenes needed, all of one mind if there are no more: three agree by luck at times."""
TILES_BETTER = 0.1
"""If rearranged tiles score better than the shift by this, they are the cause, not the shift."""


def find(evidence: Evidence) -> Result:
    """Look for one shift of all predictions that fits better."""
    if evidence.has_found("height-width-swapped", "shuffled-samples", "flipped-samples"):
        return Skipped("the pixels do not pair up yet")
    if has_nothing_to_gain(evidence):
        return []
    maps = stack_maps(evidence, "crops")
    if isinstance(maps, Skipped):
        return maps
    if too_small(maps):
        return Skipped(f"maps of less than {SMALLEST} pixels are too small to tell a shift")
    if count_different_masks(maps) < FEWEST:
        return Skipped(f"fewer than {FEWEST} different scenes do not show a common shift")
    return _judged(evidence, maps)


def _judged(evidence: Evidence, maps: Stack) -> Result:
    shifts = shifts_of(maps)
    best, before, after = shifts.best, shifts.pooled[0, 0], shifts.pooled[shifts.best]
    same = int((np.abs(shifts.asked() - best).max(axis=1) <= NEAR).sum())
    if shifts.gain <= GAIN or same < max(FEWEST, MOST * len(maps)):
        return []
    if _tiles_fit(evidence, better_than=after + TILES_BETTER):
        return []
    return [_finding(best, (before, after), (same, len(maps)))]


def _tiles_fit(evidence: Evidence, *, better_than: float) -> bool:
    maps, size = stack_maps(evidence, "fine", samples=SAMPLES), full_size(evidence)
    if isinstance(maps, Skipped) or len(size) != 2:
        return False
    tiles = arrangement(maps, size)
    return tiles is not None and tiles.after > better_than


def _finding(best: Offset, scores: tuple[float, float], votes: tuple[int, int]) -> Finding:
    down, right = best
    moved = (-down, -right)
    return Finding(
        RULE,
        message=f"the predictions are shifted {_words(moved)}: mean IoU {scores[0]:.4f} as given,"
        f" {scores[1]:.4f} moved back; {votes[0]} of {votes[1]} samples looked at ask"
        " for that shift",
        help="use one convention of resizing (align_corners, half-pixel centres) for images, masks"
        " and predictions, and cut padding off before resizing",
        facts={
            "rows": moved[0],
            "columns": moved[1],
            "samples": votes[1],
            "samples_alike": votes[0],
            "mean_iou_given": round(scores[0], 4),
            "mean_iou_moved_back": round(scores[1], 4),
        },
        repair=Repair(
            "move the predictions back",
            safe=False,  # the uncovered border is repeated
            steps=(Shift(Side.PREDICTIONS, best),),
        ),
    )


def _words(moved: Offset) -> str:
    down, right = moved
    parts = []
    if down:
        parts.append(f"{abs(down)} px {'down' if down > 0 else 'up'}")
    if right:
        parts.append(f"{abs(right)} px to the {'right' if right > 0 else 'left'}")
    return " and ".join(parts)
