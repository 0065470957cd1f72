"""Find an axis of channels that overlap, so that each is a label of its own."""

from __future__ import annotations

from iou_doctor.arrays.layout import Assumption
from iou_doctor.interpret.class_axis import is_channel_axis
from iou_doctor.interpret.peek import Peek


def find_overlapping_axis(
    true: Peek, pred: Peek, metric_axis: int, num_classes: int | None
) -> tuple[int | None, tuple[Assumption, ...]]:
    """Return the axis of channels that may overlap, so that no sums prove it, and why.

    Args:
        true: what a few windows of the masks show.
        pred: what a few windows of the predictions show.
        metric_axis: the axis on which the metric takes channels.
        num_classes: the declared number of channels, or `None`.
    """
    shape, last = true.shape, len(true.shape) - 1
    are_masks = true.binary or true.black_white
    are_channels = pred.binary or pred.black_white or pred.floating
    if last < 3 or shape != pred.shape or not are_masks or not are_channels:
        return None, ()
    for axis in dict.fromkeys((metric_axis % (last + 1), last, 1)):
        if is_channel_axis(shape, axis, num_classes):
            why = "the metric takes channels, and those of a pixel overlap or are all 0"
            sides = ("predictions", "masks")
            return axis, tuple(Assumption(f"{side}.class_axis", str(axis), why) for side in sides)
    return None, ()
