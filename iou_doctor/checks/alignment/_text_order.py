"""Slices of volumes in the order of text: 1, 10, 11, ..., 2."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._sample_order import (
    FEWEST_BY_TEXT,
    SORT_BY_NUMBER,
    list_text_orders,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import has_nothing_to_gain
from iou_doctor.checks.stack_maps import VOLUME_AXES, stack_maps
from iou_doctor.checks.volume_places import MOST_VOLUMES, Objects, find_objects
from iou_doctor.counts.map_samples import find_centres
from iou_doctor.record import record
from iou_doctor.repairs.reorder_slices import ReorderSlices
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Skipped

LEAST_GAIN, LEAST_AFTER = 0.15, 0.45
"""Minimum gain in IoU of all classes but the largest one, and its minimum in the other order. Of
320 volumes with other objects than their masks, the best gained 0.25 and led by 0.02."""
LEAST_LEAD = 0.04
"""Minimum lead over the best shift and over the reversed order. In the order of text, long runs of
slices are only shifted. Of 320 shifted and 320 flipped volumes, none led by more than 0.03."""
Indices = NDArray[np.intp]


@record
class TextOrder:
    """Slices along one axis of volumes, which one of the arrays has in the order of text."""

    axis: int
    """The spatial axis, counted from 0."""
    side: Side
    """The array whose slices are in the order of text."""
    order: tuple[int, ...]
    """For each slice of the masks, the index of the predicted slice that belongs there."""
    before: float
    after: float


def examine_slices(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Return the finding on slices of volumes in the order of text, if there is one."""
    found = None if has_nothing_to_gain(evidence) else _find_text_order(evidence)
    return [_report(rule, evidence, found)] if found else []


def _find_text_order(evidence: Evidence) -> TextOrder | None:
    """Return the axis of volumes along which one of the arrays is in the order of text, if any."""
    maps, sizes = stack_maps(evidence, "fine"), evidence.interpretation.layout.y_true.spatial_shape
    if isinstance(maps, Skipped) or {maps.y_true.ndim - 1, len(sizes)} != {VOLUME_AXES}:
        return None
    true, pred = (side[:MOST_VOLUMES] for side in find_objects(maps))
    given = _score(true, pred)
    tried = (
        _try_order(true, pred, axis, size, text, side, given)
        for axis, size in enumerate(sizes)
        if size is not None and size >= FEWEST_BY_TEXT
        for text, side in product(list_text_orders(size), Side)
    )
    best = max(tried, key=lambda order: order.after, default=None)
    if best is None or best.after < max(LEAST_AFTER, given + LEAST_GAIN):
        return None
    rivals = _score_rivals(true, pred, [size or 1 for size in sizes])
    return best if best.after >= rivals + LEAST_LEAD else None


def _try_order(
    true: Objects, pred: Objects, axis: int, size: int, text: Indices, side: Side, given: float
) -> TextOrder:
    """Return how well the kept slices fit if one array is in the order of text."""
    if side is Side.MASKS:
        after, order = _score_slices(pred, true, axis, size, text), text
    else:
        after, order = _score_slices(true, pred, axis, size, text), np.argsort(text)
    return TextOrder(axis, side, tuple(order.tolist()), given, after)


def _score_rivals(true: Objects, pred: Objects, sizes: Sequence[int]) -> float:
    """Return how well volumes fit at best if they are shifted or reversed along one axis.

    What is shifted out at one end comes back at the other one.
    """
    return max(
        _score_slices(true, pred, axis, size, np.roll(order, by))
        for axis, size in enumerate(sizes)
        for order in (np.arange(size), np.arange(size)[::-1])
        for by in range(size)
    )


def _score_slices(true: Objects, pred: Objects, axis: int, size: int, order: Indices) -> float:
    """Return how well kept slices fit if the predictions hold those of the masks in this order.

    A slice whose partner was not kept is compared with the nearest one that was.

    Args:
        true: the objects of the masks.
        pred: the objects of the predictions.
        axis: the spatial axis.
        size: the slices of a whole volume along it.
        order: for each place in the predictions, the index of the slice that is there.
    """
    kept = find_centres(size, true.shape[1 + axis])
    nearest = np.abs(kept - order[kept][:, np.newaxis]).argmin(axis=1)
    return _score(true.take(nearest, 1 + axis), pred)


def _score(true: Objects, pred: Objects) -> float:
    return float((true & pred).sum() / max((true | pred).sum(), 1))


def _report(rule: Rule, evidence: Evidence, found: TextOrder) -> Finding:
    """Return the finding on slices in the order of text."""
    axis = evidence.interpretation.layout.y_true.spatial[found.axis]
    (other,) = set(Side) - {found.side}
    return Finding(
        rule,
        message=f"along axis {axis}, the slices of the {found.side} come in the order of text (1,"
        f" 10, 11, ..., 2) and those of the {other} in the order of numbers: the IoU of all"
        f" classes but the largest one is {found.before:.4f} as given and about {found.after:.4f}"
        " in one order",
        help=SORT_BY_NUMBER,
        facts={
            "axis": axis,
            "side": str(found.side),
            "iou_given": round(found.before, 4),
            "iou_in_one_order": round(found.after, 4),
        },
        repair=Repair(
            "take the slices of the predictions in the order of the masks",
            safe=True,
            steps=(ReorderSlices(Side.PREDICTIONS, found.axis, found.order),),
        ),
    )
