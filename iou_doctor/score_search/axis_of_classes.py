"""An axis that was read as space, tried as classes that overlap: (N, K, H, W) of 0 and 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.channel_sums import ChannelSums
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.channels import evaluate_channels

SumChannels = Callable[[Layout], ChannelSums]
"""Adds up the areas of channels that overlap, in arrays of this layout."""
MOST_CLASSES = 64
"""The maximum length of an axis that is tried as classes."""
_SPATIAL_AXES = 3
_CAUSE = Cause(
    "class-axis",
    "axis {axis} holds {classes} classes that may overlap, and each is scored on its own",
    "tell iou-doctor so: --metric \"torchmetrics.JaccardIndex(task='multilabel',"
    ' num_labels={classes})"',
    prior=0.8,
)


def evaluate_axis(evidence: Evidence, sum_channels: SumChannels) -> Iterator[Candidate]:
    """Yield what definitions give if an axis of a stack of binary maps holds classes.

    Args:
        evidence: the facts about the arrays.
        sum_channels: takes another pass over the arrays.
    """
    axis = _find_axis(evidence)
    if axis is None or evidence.inputs is None:
        return
    layout = evidence.interpretation.layout
    true, pred = (_take_axis(side, axis) for side in (layout.y_true, layout.y_pred))
    classes = true.channels
    cause = replace(
        _CAUSE,
        claim=_CAUSE.claim.format(axis=axis, classes=classes),
        next_step=_CAUSE.next_step.format(classes=classes),
    )
    sums = sum_channels(replace(layout, y_true=true, y_pred=pred))
    yield from evaluate_channels(cause, sums, evidence.inputs)


def _find_axis(evidence: Evidence) -> int | None:
    """Return the axis that may hold classes; `None` if none may."""
    interpretation = evidence.interpretation
    layout, axes = interpretation.layout, interpretation.layout.y_true
    plain = axes.channel is None and axes.has_sample_axis and len(axes.spatial) == _SPATIAL_AXES
    same = layout.relation is Relation.EQUAL and layout.y_pred == axes
    if not (plain and same) or interpretation.num_classes != TWO_CLASSES:
        return None
    sizes = {axis: axes.shape[axis] or MOST_CLASSES + 1 for axis in (1, len(axes.shape) - 1)}
    shortest = min(sizes, key=sizes.__getitem__)
    return shortest if 1 < sizes[shortest] <= MOST_CLASSES else None


def _take_axis(axes: Axes, axis: int) -> Axes:
    return replace(axes, channel=axis, spatial=tuple(one for one in axes.spatial if one != axis))
