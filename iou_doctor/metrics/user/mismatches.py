"""Describe what a metric does with arrays of another kind than it takes."""

from __future__ import annotations

from iou_doctor.arrays.layout import Layout
from iou_doctor.metrics.input_spec import InputSpec, Mismatch
from iou_doctor.metrics.user.compatibility import (
    has_equal_shapes,
    is_class_axis_elsewhere,
    locate_class_axis,
    locate_expected_axis,
)


def describe_error(takes: InputSpec, wrong: Mismatch, layout: Layout) -> str | None:
    """Return the error that a mismatch leads to, if any."""
    if wrong is Mismatch.SHAPES:
        return describe_shape_error(takes, layout)
    return takes.errors.get(wrong) or (
        None if has_equal_shapes(layout) else describe_shape_error(takes, layout)
    )


def describe_shape_error(takes: InputSpec, layout: Layout) -> str | None:
    """Return the error that arrays of different shapes lead to, if any."""
    sizes = len(layout.y_true.shape) == len(layout.y_pred.shape) and Mismatch.SIZES in takes.errors
    return takes.errors.get(Mismatch.SIZES if sizes else Mismatch.SHAPES)


def describe_misreading(takes: InputSpec, wrong: Mismatch, layout: Layout) -> str:
    """Describe how a metric misreads arrays that it does not refuse."""
    if wrong is not Mismatch.AXIS:
        return f"it misreads {wrong}; iou-doctor does not work out its number"
    axes = next(
        axes for axes in (layout.y_pred, layout.y_true) if is_class_axis_elsewhere(axes, takes)
    )
    return (
        f"it takes axis {locate_expected_axis(axes, takes)} for the classes, which are on axis"
        f" {locate_class_axis(axes)}; iou-doctor does not work out its number"
    )
