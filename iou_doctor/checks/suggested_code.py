"""Suggest metric calls, and expressions that convert arrays to what a metric takes."""

from __future__ import annotations

from collections.abc import Sequence

from iou_doctor.arrays.interpretation import LEAST_OVERLAP, VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.metrics.input_spec import InputSpec, PixelContent
from iou_doctor.repairs.step import Side


def suggest_call(evidence: Evidence) -> str:
    """Return the Keras call that reads these arrays correctly.

    For metrics of other libraries, return the expressions that convert the arrays instead.
    """
    if evidence.metric.takes is not None:
        return _suggest_expressions(evidence, evidence.metric.takes)
    interpretation = evidence.interpretation
    if have_masks_overlap(evidence):
        return suggest_multilabel(evidence)
    if interpretation.y_pred.is_thresholded:
        threshold = f"threshold={interpretation.threshold:g}"
        call = f"keras.metrics.BinaryIoU(target_class_ids=[0, 1], {threshold})"
        masks = interpretation.layout.y_true
        return f"masks = masks.argmax({masks.channel}), then {call}" if masks.is_per_class else call
    arguments = [f"num_classes={interpretation.num_classes}"]
    if interpretation.ignore_index is not None:
        arguments.append(f"ignore_class={interpretation.ignore_index}")
    if interpretation.layout.y_true.is_per_class:
        arguments.append("sparse_y_true=False")
    if interpretation.layout.y_pred.is_per_class:
        arguments.append("sparse_y_pred=False")
    return f"keras.metrics.MeanIoU({', '.join(arguments)})"


def have_masks_overlap(evidence: Evidence) -> bool:
    """Return whether many pixels of the masks belong to several channels at once."""
    values, layout = evidence.stats.y_true, evidence.interpretation.layout
    if not layout.y_true.is_per_class or values.fractional:
        return False
    several = values.pixels - values.one_hot - values.all_zero
    return not values.outside_unit and several >= LEAST_OVERLAP * values.pixels


def are_other_channels(evidence: Evidence) -> bool:
    """Return whether masks whose channels overlap have another number of them.

    An argmax then tells nothing about the numbers of the classes.
    """
    layout = evidence.interpretation.layout
    differ = layout.y_pred.is_per_class and layout.y_pred.channels != layout.y_true.channels
    return differ and have_masks_overlap(evidence)


def suggest_multilabel(evidence: Evidence) -> str:
    """Return how to check channels that overlap, which no argmax can tell apart."""
    channels = evidence.interpretation.layout.y_true.channels
    call = f"torchmetrics.JaccardIndex(task='multilabel', num_labels={channels})"
    return f'the channels overlap, so name a metric that scores each: --metric "{call}"'


def suggest_threshold(evidence: Evidence) -> str:
    """Return the call or the assignments by which the metric gets thresholded scores."""
    call, metric = suggest_call(evidence), evidence.metric
    if metric.takes is not None or not metric.reads_prediction_labels:
        return call
    return f"{call}, or predictions = predictions >= {evidence.interpretation.threshold:g}"


def suggest_class_average(evidence: Evidence, class_ids: Sequence[int]) -> str:
    """Return the Keras call that averages the IoU of these classes only."""
    interpretation = evidence.interpretation
    classes = list(class_ids)
    if interpretation.y_pred.is_thresholded and not interpretation.layout.y_true.is_per_class:
        threshold = f"threshold={interpretation.threshold:g}"
        return f"keras.metrics.BinaryIoU(target_class_ids={classes}, {threshold})"
    arguments = [f"num_classes={interpretation.num_classes}", f"target_class_ids={classes}"]
    ignored = interpretation.ignore_index
    if ignored is not None and ignored not in interpretation.classes:
        arguments.append(f"ignore_class={ignored}")
    if interpretation.layout.y_true.is_per_class:
        arguments.append("sparse_y_true=False")
    if interpretation.layout.y_pred.is_per_class:
        arguments.append("sparse_y_pred=False")
    return f"keras.metrics.IoU({', '.join(arguments)})"


def _suggest_expressions(evidence: Evidence, takes: InputSpec) -> str:
    """Return the expressions that convert these arrays to what the metric takes."""
    masks = _suggest_expression(evidence, Side.MASKS, takes.masks, takes)
    predictions = _suggest_expression(evidence, Side.PREDICTIONS, takes.predictions, takes)
    return "; ".join(text for text in (predictions, masks) if text) or "pass class ids"


def _suggest_expression(
    evidence: Evidence, side: Side, holds: PixelContent, takes: InputSpec
) -> str:
    """Return the assignment for one array; empty if it is what the metric expects."""
    interpretation, layout = evidence.interpretation, evidence.interpretation.layout
    axes, other = layout.y_true, layout.y_pred
    if side is Side.PREDICTIONS:
        axes, other = other, axes
    scores = side is Side.PREDICTIONS and interpretation.y_pred is not Encoding.ONE_HOT
    ids = f"{side}.argmax({axes.channel})" if axes.is_per_class else str(side)
    if interpretation.y_pred.is_thresholded and side is Side.PREDICTIONS:
        ids = f"({side} >= {interpretation.threshold:g})"
    takes_ids = holds is PixelContent.EITHER and not axes.is_dense
    if holds is PixelContent.IDS or takes_ids or _is_refused_one_hot(evidence, side, takes):
        has_extra_axis = not axes.is_dense and axes.channel is not None
        if has_extra_axis and (other.is_dense or takes.refuses_extra_axes):
            ids = f"{ids}.squeeze({axes.channel})"
        return "" if ids == side else f"{side} = {ids}"
    if axes.is_per_class and not (scores and holds is PixelContent.ONE_HOT):
        return ""
    one_hot = _write_one_hot(evidence, side, _write_index(evidence, side, ids))
    last = takes.axis == -1
    return f"{side} = {one_hot}" if last else f"{side} = np.moveaxis({one_hot}, -1, {takes.axis})"


def needs_argmax(evidence: Evidence) -> bool:
    """Return whether the predictions are integers with a class axis, which the metric refuses."""
    takes = evidence.metric.takes
    return takes is not None and _is_refused_one_hot(evidence, Side.PREDICTIONS, takes)


def _is_refused_one_hot(evidence: Evidence, side: Side, takes: InputSpec) -> bool:
    is_integer = evidence.pair.y_pred.dtype.kind != "f"
    is_dense = evidence.interpretation.layout.y_pred.is_per_class
    return side is Side.PREDICTIONS and takes.needs_floats and is_integer and is_dense


def _write_one_hot(evidence: Evidence, side: Side, ids: str) -> str:
    """Return an expression for one-hot channels, which are all 0 where masks hold no class."""
    classes = evidence.interpretation.num_classes
    truth = evidence.pairs.pool().count_truths()
    ignored = evidence.interpretation.ignore_index
    has_void = any(
        label == ignored or (label in VOID_LABELS and not 0 <= label < classes) for label in truth
    )
    if side is Side.MASKS and has_void:
        return f"({ids}[..., np.newaxis] == np.arange({classes})).astype(float)"
    return f"np.eye({classes})[{ids}]"


def _write_index(evidence: Evidence, side: Side, ids: str) -> str:
    """Return an expression for class ids that can index an array: integers without a class axis."""
    masks, layout = side is Side.MASKS, evidence.interpretation.layout
    axes = layout.y_true if masks else layout.y_pred
    if axes.is_per_class:
        return ids  # the result of an argmax
    if axes.channel is not None and not axes.is_colour:
        ids = f"{ids}.squeeze({axes.channel})"
    thresholded = not masks and evidence.interpretation.y_pred.is_thresholded
    dtype = (evidence.pair.y_true if masks else evidence.pair.y_pred).dtype
    return f"{ids}.astype(int)" if thresholded or dtype.kind not in "iu" else ids


def order_axes(rank: int, axes: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """Return the order for `np.transpose` that exchanges only some axes of an array.

    Args:
        rank: the number of all its axes.
        axes: those to put into another order.
        order: for each of these, the place in `axes` of the one that it was.
    """
    stored = list(range(rank))
    for axis, old in zip(axes, order, strict=True):
        stored[axis] = axes[old]
    return tuple(stored)
