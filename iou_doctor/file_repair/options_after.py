"""Adapt the user's options to the repaired copies, whose axes and encodings differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.arrays.interpretation import Interpretation, Options
from iou_doctor.arrays.layout import Axes
from iou_doctor.file_repair.storage_axes import StoredAxes
from iou_doctor.repairs.any_channel import AnyChannel
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.step import Side, Stage
from iou_doctor.report.repair_plan import RepairPlan


def update_options(
    options: Options,
    interpretation: Interpretation,
    plan: RepairPlan,
    stored_axes: Mapping[Side, StoredAxes],
) -> Options:
    """Return the options with which to check the arrays after the repairs of a plan.

    Args:
        options: what the user said about the inputs.
        interpretation: how the inputs were read.
        plan: the steps; a side without steps keeps its input.
        stored_axes: the axes of the copy of each side.
    """
    recoded = {
        side: any(step.stage in {Stage.DECODE, Stage.ENCODE} for step in steps)
        for side, steps in plan.steps.items()
    }
    layout = interpretation.layout
    has_channels = layout.y_true.is_dense or layout.y_pred.is_dense
    steps = [step for some in plan.steps.values() for step in some]
    if any(isinstance(step, AnyChannel) for step in steps):
        options = replace(options, num_classes=2)  # the channels were not classes
    return replace(
        options,
        layout=options.layout and _describe_layout(interpretation, plan, stored_axes),
        predictions_as=None if recoded[Side.PREDICTIONS] else options.predictions_as,
        masks_as=None if recoded[Side.MASKS] else options.masks_as,
        # the copies may lack the tag that says which pixels have no data
        ignore_index=interpretation.ignore_index,
        # labels do not show how many channels there were
        num_classes=options.num_classes or (interpretation.num_classes if has_channels else None),
    )


def _describe_layout(
    interpretation: Interpretation, plan: RepairPlan, stored_axes: Mapping[Side, StoredAxes]
) -> str:
    """Return the argument of `--layout` for the arrays after the repairs."""
    layout = interpretation.layout
    axes = {Side.PREDICTIONS: layout.y_pred, Side.MASKS: layout.y_true}
    return ",".join(
        stored_axes[side].letters(dense=_is_dense_after(axes[side], plan, side))
        if plan.steps[side]
        else axes[side].letters
        for side in axes
    )


def _is_dense_after(axes: Axes, plan: RepairPlan, side: Side) -> bool:
    """Return whether the copy of a side has several values for each pixel."""
    steps = plan.steps[side]
    if any(isinstance(step, OneHot) for step in steps):
        return True
    return axes.is_dense and not any(step.stage is Stage.DECODE for step in steps)
