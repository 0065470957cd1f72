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
from numpy.typing import NDArray

from iou_doctor.checks import Result
from iou_doctor.checks._alignment import (
    Ids,
    Stack,
    different_masks,
    mean_iou,
    moving,
    nothing_to_gain,
    pair_table,
    stack,
)
from iou_doctor.checks._tiles import SAMPLES, arrangement, full_size
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Skipped, Suspicion
from iou_doctor.repair import Side, Step

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
REACH = 16
"""Pixels along each axis that are searched."""
SMALLEST = 24
"""Pixels along the shorter side of the maps, below which a shift is most of an object."""
POINTS = 48
"""Pixels along each axis at which truth and shifted prediction are compared."""

Shift = tuple[int, int]
Tables = dict[Shift, NDArray[np.int64]]


def find(evidence: Evidence) -> Result:
    """Look for one shift of all predictions that fits better."""
    if evidence.has_found("height-width-swapped", "shuffled-samples", "flipped-samples"):
        return Skipped("the pixels do not pair up yet")
    if nothing_to_gain(evidence):
        return []
    maps = stack(evidence, "crops")
    if isinstance(maps, Skipped):
        return maps
    if min(maps.true.shape[1:]) < SMALLEST:
        return Skipped(f"maps of less than {SMALLEST} pixels are too small to tell a shift")
    if different_masks(maps) < FEWEST:
        return Skipped(f"fewer than {FEWEST} different scenes do not show a common shift")
    return _judged(evidence, maps)


def _judged(evidence: Evidence, maps: Stack) -> Result:
    tables = _searched(maps)
    pooled = {shift: float(mean_iou(table.sum(axis=0))) for shift, table in tables.items()}
    best = max(pooled, key=lambda shift: pooled[shift])
    alone = np.array([mean_iou(table) for table in tables.values()])
    asked = np.array(list(tables))[alone.argmax(axis=0)]
    same = int((np.abs(asked - best).max(axis=1) <= NEAR).sum())
    gain = pooled[best] - pooled[0, 0]
    if best == (0, 0) or gain <= GAIN or same < max(FEWEST, MOST * len(maps)):
        return []
    if _tiles_fit(evidence, better_than=pooled[best] + TILES_BETTER):
        return []
    return [_finding(evidence, best, (pooled[0, 0], pooled[best]), (same, len(maps)))]


def _tiles_fit(evidence: Evidence, *, better_than: float) -> bool:
    maps, size = stack(evidence, "fine", samples=SAMPLES), full_size(evidence)
    if isinstance(maps, Skipped) or len(size) != 2:
        return False
    tiles = arrangement(maps, size)
    return tiles is not None and tiles.after > better_than


def _searched(maps: Stack) -> Tables:
    """Return the counts at the shifts on the way to the best one, each step half the last."""
    look = _Look(maps)
    best: Shift = (0, 0)
    step = look.reach // 2
    while step:
        centre = best
        for down, right in ((-step, 0), (step, 0), (0, -step), (0, step)):
            shift = (centre[0] + down, centre[1] + right)
            if look.gain(shift) > look.gain(best):
                best = shift
        step = step // 2 if best == centre or max(map(abs, best)) + step > look.reach else step
    return look.tables


class _Look:
    """The counts at each shift, looked at once."""

    def __init__(self, maps: Stack) -> None:
        sizes = maps.true.shape[1:]
        self.reach = min(REACH, min(sizes) // 4)
        self._places = [_places(size, self.reach) for size in sizes]
        self._maps = maps
        self._true = self._at(maps.true, (0, 0))
        self.tables: Tables = {}

    def gain(self, shift: Shift) -> float:
        """Return the mean IoU with the predictions moved by `shift`; -1 beyond the reach."""
        if max(map(abs, shift)) > self.reach:
            return -1.0
        if shift not in self.tables:
            pred = self._at(self._maps.pred, shift)
            self.tables[shift] = pair_table(self._true, pred, self._maps.classes)
        return float(mean_iou(self.tables[shift].sum(axis=0)))

    def _at(self, labels: Ids, shift: Shift) -> Ids:
        rows, columns = (places - by for places, by in zip(self._places, shift, strict=True))
        return labels[:, rows[:, np.newaxis], columns]


def _places(size: int, reach: int) -> NDArray[np.intp]:
    inner = size - 2 * reach
    return reach + np.linspace(0, inner - 1, min(inner, POINTS)).astype(np.intp)


def _finding(
    evidence: Evidence, best: Shift, scores: tuple[float, float], votes: tuple[int, int]
) -> Finding:
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
        repair=moving(
            "move the predictions back",
            (Step("shift", Side.PREDICTIONS, {"offset": best}),),
            after=scores[1],
            safe=False,  # the uncovered border is repeated
            evidence=evidence,
        ),
    )


def _words(moved: Shift) -> str:
    down, right = moved
    parts = []
    if down:
        parts.append(f"{abs(down)} px {'down' if down > 0 else 'up'}")
    if right:
        parts.append(f"{abs(right)} px to the {'right' if right > 0 else 'left'}")
    return " and ".join(parts)
