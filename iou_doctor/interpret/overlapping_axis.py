"""Find an axis of channels that overlap, so that each is a label of its own."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.model import Shape
from iou_doctor.arrays.source import Pair
from iou_doctor.interpret.class_axis import is_channel_axis
from iou_doctor.interpret.peek import Peek, hold_only, read_windows


def find_overlapping_axis(
    pair: Pair, pred: Peek, metric_axis: int | None, options: Options
) -> tuple[int | None, tuple[Assumption, ...]]:
    """Return the axis of channels that may overlap, so that no sums prove it, and why.

    Args:
        pair: the arrays.
        pred: what a few windows of the predictions show.
        metric_axis: the axis on which the metric takes channels; `None` if it pools all values.
        options: the declared number of channels and the ignore label.
    """
    shape = pair.y_true.shape
    if shape != pair.y_pred.shape or len(shape) < 3:
        return None, ()
    sought = -1 if metric_axis is None else metric_axis
    axis = _find_channel_axis(shape, sought, options.num_classes)
    if axis is None:
        return None, ()
    masks = read_windows(pair.y_true, whole_axis=axis)
    ignored = () if options.ignore_index is None else (options.ignore_index,)
    if not hold_only(masks, (0, 1, *ignored)) and not hold_only(masks, (0, 255)):
        return None, ()
    if not pred.floating and not pred.binary:
        predictions = read_windows(pair.y_pred, whole_axis=axis)
        if not hold_only(predictions, (0, 255)):
            return None, ()
    why = "the metric takes channels, and those of a pixel overlap or are all 0"
    sides = ("predictions", "masks")
    return axis, tuple(Assumption(f"{side}.class_axis", str(axis), why) for side in sides)


def _find_channel_axis(shape: Shape, metric_axis: int, num_classes: int | None) -> int | None:
    """Return an axis of the declared length, or a short one that the metric takes."""
    last = len(shape) - 1
    if last == 2:  # one sample, without a sample axis
        is_single = metric_axis == 1 and num_classes is not None and shape[0] == num_classes
        return 0 if is_single and is_channel_axis(shape, 0, num_classes) else None
    axes = dict.fromkeys((metric_axis % (last + 1), last, 1))
    fitting = [axis for axis in axes if is_channel_axis(shape, axis, num_classes)]
    if not fitting and metric_axis == 1 and shape[0] == num_classes:
        return 0
    fitting = fitting or [axis for axis in axes if is_channel_axis(shape, axis, None)]
    return fitting[0] if fitting else None
