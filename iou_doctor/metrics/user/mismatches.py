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
    if takes.channel_optional and repeats_channel(layout):
        return None
    if wrong is Mismatch.SHAPES:
        return describe_shape_error(takes, layout)
    return takes.errors.get(wrong) or (
        None if has_equal_shapes(layout) else describe_shape_error(takes, layout)
    )


def describe_shape_error(takes: InputSpec, layout: Layout) -> str | None:
    """Return the error that arrays of different shapes lead to, if any."""
    sizes = len(layout.y_true.shape) == len(layout.y_pred.shape) and Mismatch.SIZES in takes.errors
    return takes.errors.get(Mismatch.SIZES if sizes else Mismatch.SHAPES)


def repeats_channel(layout: Layout) -> bool:
    """Return whether sums of products repeat one channel beside the several of the other array."""
    one, other = layout.y_true.shape, layout.y_pred.shape
    sizes = zip(one, other, strict=False)
    return len(one) == len(other) and one != other and all(a == b or 1 in (a, b) for a, b in sizes)


def describe_misreading(takes: InputSpec, wrong: Mismatch, layout: Layout) -> str:
    """Describe how a metric misreads arrays that it does not refuse."""
    if takes.channel_optional and repeats_channel(layout):
        return (
            f"it repeats the single channel of one array beside masks of shape"
            f" {layout.y_true.shape} and predictions of shape {layout.y_pred.shape}, so the areas"
            " do not fit and the score may exceed 1"
        )
    if wrong is not Mismatch.AXIS:
        return f"it misreads {wrong}; iou-doctor does not work out its number"
    axes = next(
        axes for axes in (layout.y_pred, layout.y_true) if is_class_axis_elsewhere(axes, takes)
    )
    return (
        f"it takes axis {locate_expected_axis(axes, takes)} for the classes, which are on axis"
        f" {locate_class_axis(axes)}; iou-doctor does not work out its number"
    )
