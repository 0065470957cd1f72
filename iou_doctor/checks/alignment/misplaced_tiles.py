"""Tiles of the predictions were stitched together in the wrong places.

Large images are predicted tile by tile. If rows are taken for columns, a stride has the wrong sign
or the tiles come in no fixed order, good tiles end up in wrong places. Objects then end at the
borders of tiles, and the score drops although each tile is fine.

    as stitched            mean IoU 0.21
    tiles in their places  mean IoU 0.78

Write each tile to where it was cut: `out[y : y + size, x : x + size] = tile`. The rule tries 2, 3,
4 or 8 tiles along each axis and squares of 16, 32, 64 px and so on. It fires if labels change far
more often across the borders of tiles than within them, and if another arrangement of the tiles
fits the masks better and removes these seams.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._tiles import (
    MOST_TILED_SAMPLES,
    Arrangement,
    find_arrangement,
    get_stored_size,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, has_nothing_to_gain
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.symptoms import FORMAT_FAULTS
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU504",
    name="misplaced-tiles",
    severity=Severity.WARNING,
    suspicion=Suspicion.ALIGNMENT,
    claim="tiles of the predictions were stitched together in the wrong places",
    symptom=Symptom.ALIGNMENT,
    also_explains=("permuted-classes",),
    after=(*FORMAT_FAULTS, "shuffled-samples", "flipped-samples", "shifted-predictions"),
    needs=Needs.TRAINED_NETWORK,
)

RULES_BEFORE_TILES = (
    "height-width-swapped",
    "shuffled-samples",
    "flipped-samples",
    "shifted-predictions",
)
"""Rules whose faults also produce seams or bad fits, so that tiles cannot be judged."""


def find(evidence: Evidence) -> Result:
    """Look for seams along a grid that another arrangement of the tiles removes."""
    if evidence.has_found(*RULES_BEFORE_TILES):
        return Skipped("another misalignment was found first")
    if has_nothing_to_gain(evidence):
        return []
    maps = stack_maps(evidence, "fine", samples=MOST_TILED_SAMPLES)
    if isinstance(maps, Skipped):
        return maps
    size = get_stored_size(evidence)
    if maps.y_true.ndim != 3 or len(size) != 2:
        return Skipped("only two-dimensional images are examined for tiles")
    found = find_arrangement(maps, size)
    return [_report(maps, found)] if found else []


def _report(maps: Stack, found: Arrangement) -> Finding:
    places = np.arange(found.grid.tiles)
    moved = int((found.orders != places).any(axis=tuple(range(found.orders.ndim - 1))).sum())
    height, width = found.grid.tile
    across, within = found.seams
    how = (
        "in the same order in all samples"
        if found.orders.ndim == 1
        else "in another order in each sample"
    )
    return Finding(
        RULE,
        message=f"{moved} of {len(places)} tiles of {height} × {width} px are in the wrong places,"
        f" {how}: labels change at {100 * across:.0f} % of the pixels along tile borders and at"
        f" {100 * within:.0f} % within tiles; the mean IoU is {found.before:.4f} as given and"
        f" {found.after:.4f} rearranged",
        help="write each tile to the place that it was cut from, rows before columns",
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
        repair=_build_repair(found),
    )


def _build_repair(found: Arrangement) -> Repair:
    name = "put the tiles of the predictions in their places"
    if found.orders.ndim > 1:
        return Repair(name, safe=True, mean_iou_after=found.after, estimated=True)
    order = tuple(int(tile) for tile in found.orders)
    step = Retile(Side.PREDICTIONS, found.grid.tile, order)
    return Repair(name, safe=True, steps=(step,))
