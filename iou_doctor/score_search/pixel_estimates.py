"""Estimate on the maps of some samples what a fault that moves pixels does to the score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap

import numpy as np

from iou_doctor.counts.map_samples import InterpretedProbe, LabelMaps, Labels
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.step import Move
from iou_doctor.repairs.swap_height_width import SwapHeightWidth

LEFT_OUT = -(2**20)
"""A predicted label that marks a pixel which a smaller picture does not have."""
TURNS = (Flip, Rotate, SwapHeightWidth)
"""Steps that thinned maps show, too; others need the neighbours of each pixel."""


def estimate_mean_iou(
    probe: InterpretedProbe, step: Move, *, classes: int, ignore_index: int | None
) -> float:
    """Return about the mean IoU after a step; NaN if the maps do not show it.

    Args:
        probe: maps of some samples.
        step: moves pixels or samples of the predictions.
        classes: the number of classes.
        ignore_index: the label of masks that is left out.
    """
    if isinstance(step, Reorder):
        pairs = _reorder(probe.many, step)
    else:
        maps = probe.fine if isinstance(step, TURNS) else probe.crops
        spatial = probe.spatial_axes
        pairs = [
            (true, step.apply(pred[np.newaxis], spatial=spatial)[0])
            for true, pred in zip(maps.y_true, maps.y_pred, strict=True)
        ]
    fitting = [(true, pred) for true, pred in pairs if true.shape == pred.shape]
    areas = sum(starmap(lambda t, p: _count(t, p, classes, ignore_index), fitting), np.zeros(()))
    if not areas.shape:
        return float("nan")
    truth, predicted, both = areas
    union = truth + predicted - both
    return float((both[union > 0] / union[union > 0]).mean()) if union.any() else float("nan")


def _reorder(maps: LabelMaps, step: Reorder) -> Sequence[tuple[Labels, Labels]]:
    """Return the pairs of maps after samples change places, those whose partner was kept."""
    places = {int(sample): place for place, sample in enumerate(maps.samples)}
    return [
        (maps.y_true[place], maps.y_pred[places[step.order[sample]]])
        for sample, place in places.items()
        if sample < len(step.order) and step.order[sample] in places
    ]


def _count(truth: Labels, predicted: Labels, classes: int, ignore_index: int | None) -> Labels:
    """Return the areas of each class in truth, in the prediction, and in both."""
    counted = predicted != LEFT_OUT
    if ignore_index is not None:
        counted &= truth != ignore_index
    truth, predicted = truth[counted], predicted[counted]
    sides = (truth, predicted, truth[truth == predicted])
    known = (labels[(labels >= 0) & (labels < classes)] for labels in sides)
    return np.stack([np.bincount(labels, minlength=classes) for labels in known])
