"""Apply steps that need more than one sample at a time: the source reads in another order."""

from __future__ import annotations

from collections.abc import Iterable

from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Source
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.step import Step
from iou_doctor.sources.reordered import ReorderedSource
from iou_doctor.sources.transposed import TransposedSource


def moves_samples(step: Step, spatial: int) -> bool:
    """Return whether a step needs more than one sample at a time.

    Args:
        step: the step.
        spatial: the number of spatial axes of its array.
    """
    if isinstance(step, PermuteAxes):
        return step.crosses_samples(spatial)
    return isinstance(step, Reorder)


def move_samples(source: Source, axes: Axes, steps: Iterable[Step]) -> Source:
    """Return the source as it is after those steps that need more than one sample at a time."""
    for step in steps:
        if isinstance(step, PermuteAxes) and step.crosses_samples(len(axes.spatial)):
            source = TransposedSource(source, _find_stored_order(axes, step.order))
        elif isinstance(step, Reorder):
            source = ReorderedSource(source, step.order)
    return source


def _find_stored_order(axes: Axes, order: tuple[int, ...]) -> tuple[int, ...]:
    """Return an order of samples and spatial axes as an order of all stored axes."""
    stored = list(range(len(axes.shape)))
    places = (0, *axes.spatial)
    for new, old in enumerate(order):
        stored[places[new]] = places[old]
    return tuple(stored)
