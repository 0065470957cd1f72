"""Estimate counts after steps that move pixels, from the maps of a few samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import NO_CLASS
from iou_doctor.counts.map_samples import NO_LABEL, InterpretedProbe, LabelMaps, Labels
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.errors import RepairError
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Side, Step


def estimate_pairs(sampled: InterpretedProbe | None, steps: Sequence[Step]) -> PairCounts:
    """Return the label pairs of a few samples after some steps; an empty table if none can tell.

    Args:
        sampled: the maps of these samples.
        steps: what moves pixels or samples.
    """
    nothing = PairCounts.merge([])
    if sampled is None or any(isinstance(step, Retile) for step in steps):
        return nothing  # tiles show in whole maps only
    maps = _choose_maps(sampled, steps)
    try:
        return PairCounts.merge(_count(maps, index, steps) for index in range(len(maps.samples)))
    except (RepairError, ValueError, IndexError):
        return nothing


def _choose_maps(sampled: InterpretedProbe, steps: Sequence[Step]) -> LabelMaps:
    """Return the maps that show these steps: many samples, every pixel, or something of both."""
    if any(isinstance(step, Reorder) for step in steps):
        return sampled.many
    has_shift = any(isinstance(step, Shift) for step in steps)
    return sampled.crops if has_shift else sampled.fine


def _count(maps: LabelMaps, index: int, steps: Sequence[Step]) -> PairCounts:
    """Return the label pairs of one sample after the steps; none if another one is missing."""
    number = maps.samples[index : index + 1]
    source = _find_source(maps, int(number[0]), steps)
    if source is None:
        return PairCounts.merge([])
    sides = {
        Side.MASKS: maps.y_true[index][np.newaxis],
        Side.PREDICTIONS: maps.y_pred[source][np.newaxis],
    }
    for step in steps:
        if not isinstance(step, Reorder):
            labels = sides[step.side]
            moved = step.apply_to(labels, number, spatial=labels.ndim - 1)
            sides[step.side] = moved.astype(np.int32, copy=False)
    true, pred = (_widen(labels) for labels in sides.values())
    if true.shape != pred.shape:
        raise ValueError("the maps do not pair up")
    image = np.full(true.shape, number[0], dtype=np.int64)
    count = np.ones(true.shape, dtype=np.int64)
    return PairCounts.from_rows(image=image, truth=true, prediction=pred, count=count)


def _find_source(maps: LabelMaps, sample: int, steps: Sequence[Step]) -> int | None:
    """Return the place of the map whose predictions come to a sample; `None` if it is missing."""
    for step in reversed(steps):
        if isinstance(step, Reorder):
            sample = step.order[sample]
    places = np.flatnonzero(maps.samples == sample)
    return int(places[0]) if len(places) else None


def _widen(labels: Labels) -> NDArray[np.int64]:
    """Return labels in one axis, with the code for no class that tables have."""
    wide = labels.reshape(-1).astype(np.int64)
    return np.where(wide == NO_LABEL, np.int64(NO_CLASS), wide)
