"""Tiles of the predictions were stitched together in the wrong places.

Large images are predicted tile by tile. Rows taken for columns, a stride with the wrong sign or an
unordered list of tiles puts good tiles in wrong places: objects end at the borders of tiles, and
the score drops though each tile is fine.

    as stitched            mean IoU 0.21
    tiles in their places  mean IoU 0.78

Write each tile where it was cut: `out[y : y + size, x : x + size] = tile`. The rule looks for
labels that change at the borders of tiles (2, 3, 4 or 8 along each axis, or squares of 16 px, 32 px
and so on) far more often than within, and speaks if another arrangement fits the masks better and
removes the seams.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._tiles import SAMPLES, Arrangement, arrangement, full_size
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, has_nothing_to_gain, stack_maps
from iou_doctor.checks.registry import Result
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU504",
    name="misplaced-tiles",
    severity=Severity.WARNING,
    suspicion=Suspicion.ALIGNMENT,
    claim="tiles of the predictions were stitched together in the wrong places",
    explains=frozenset({"permuted-classes"}),
)
EARLIER = ("height-width-swapped", "shuffled-samples", "flipped-samples", "shifted-predictions")


def find(evidence: Evidence) -> Result:
    """Look for seams along a grid that another arrangement of the tiles removes."""
    if evidence.has_found(*EARLIER):
        return Skipped("the pixels do not pair up yet")
    if has_nothing_to_gain(evidence):
        return []
    maps = stack_maps(evidence, "fine", samples=SAMPLES)
    if isinstance(maps, Skipped):
        return maps
    size = full_size(evidence)
    if maps.true.ndim != 3 or len(size) != 2:
        return Skipped("only images have tiles")
    found = arrangement(maps, size)
    return [_finding(maps, found)] if found else []


def _finding(maps: Stack, found: Arrangement) -> Finding:
    places = np.arange(found.grid.tiles)
    moved = int((found.orders != places).any(axis=tuple(range(found.orders.ndim - 1))).sum())
    height, width = found.grid.tile
    across, within = found.seams
    whose = "the same in all samples" if found.orders.ndim == 1 else "differently in each sample"
    return Finding(
        RULE,
        message=f"{moved} of {len(places)} tiles of {height} × {width} px lie in wrong places,"
        f" {whose}: labels change at {100 * across:.0f} % of the borders between tiles and"
        f" {100 * within:.0f} % within; mean IoU {found.before:.4f} as given,"
        f" {found.after:.4f} rearranged",
        help="write each tile to the place it was cut from; rows come before columns",
        facts={
            "grid": list(found.grid.counts),
            "tile": [height, width],
            "moved": moved,
            "samples": len(maps),
            "changes_at_borders": round(across, 4),
            "changes_within": round(within, 4),
            "mean_iou_given": round(found.before, 4),
            "mean_iou_rearranged": round(found.after, 4),
        },
        repair=_repair(found),
    )


def _repair(found: Arrangement) -> Repair:
    name = "put the tiles of the predictions in their places"
    if found.orders.ndim > 1:
        return Repair(name, safe=True, mean_iou_after=found.after, estimated=True)
    order = tuple(int(tile) for tile in found.orders)
    step = Retile(Side.PREDICTIONS, found.grid.tile, order)
    return Repair(name, safe=True, steps=(step,))
