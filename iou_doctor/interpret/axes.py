"""Infers what the axes of both arrays mean, and how their pixels pair up."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import (
    Assumption,
    Axes,
    Layout,
    Relation,
    find_axis_order,
)
from iou_doctor.arrays.model import Shape
from iou_doctor.arrays.source import Pair
from iou_doctor.errors import ReadingError
from iou_doctor.interpret.class_axis import find_class_axes
from iou_doctor.interpret.coloured_axes import mark_colours
from iou_doctor.interpret.layout_option import build_axes, parse_layouts, refuse_contradiction
from iou_doctor.interpret.overlapping_axis import find_declared_channels, find_overlapping_axis
from iou_doctor.interpret.peek import Peek, peek_at
from iou_doctor.interpret.relation import is_flattened, relate
from iou_doctor.interpret.softmax_axis import explain_sums

MOST_AXES = 5
"""The number of axes of volumes with a sample axis and a class axis."""
LEAST_FLAT_RATIO = 16
"""A 2-D label array this many times wider than high is (samples, pixels): no image is so wide."""


def infer_layout(
    pair: Pair,
    options: Options,
    *,
    metric_axis: int | None = None,
    pools_channels: bool = False,
    may_be_channels: bool = True,
) -> Layout:
    """Return what the axes of both arrays mean.

    Args:
        pair: the two sources; a few small windows of each are read.
        options: what the user and the metric's call say.
        metric_axis: the axis on which the metric takes channels of both arrays, if it does.
        pools_channels: whether the metric thresholds all values, whatever their axes are.
        may_be_channels: whether an axis as long as there are classes may hold a mask for each.

    Raises:
        UsageError: `--layout` does not fit the arrays.
        ReadingError: an array has too many axes, no spatial ones, or a class axis that varies.
        SourceError: an array cannot be read.
    """
    true, pred = peek_at(pair.y_true), peek_at(pair.y_pred)
    ranks = len(true.shape), len(pred.shape)
    true_letters, pred_letters = parse_layouts(options.layout, ranks)
    true_channel, pred_channel, assumed = find_class_axes(true, pred, options.num_classes)
    if pools_channels and _are_independent(true, pred, true_channel):
        true_channel = pred_channel = None
    overlapping: int | None = None
    why: tuple[Assumption, ...] = ()
    if may_be_channels:
        is_proven = true_channel is not None or pred_channel is not None
        overlapping, why = find_declared_channels(pair, pred, options, is_proven=is_proven)
    has_declared_channels = overlapping is not None
    is_sought = metric_axis is not None or len(true.shape) == MOST_AXES
    if overlapping is None and true_channel is None and pred_channel is None and is_sought:
        overlapping, why = find_overlapping_axis(pair, pred, metric_axis, options)
    if overlapping is not None:
        true_channel = pred_channel = overlapping
        assumed = why
    y_true = _find_axes(true_letters, true.shape, true_channel, pair.y_true.path)
    y_pred = _find_axes(pred_letters, pred.shape, pred_channel, pair.y_pred.path)
    _refuse_varying_channels(pair, y_true, y_pred)
    if overlapping is None:
        y_true, y_pred = mark_colours(pair, y_true, y_pred, true, pred, options)
    if not options.layout:
        y_true, y_pred, more = _match_sample_axes(y_true, y_pred, true, pred)
        assumed += more
    relation, mismatched, order = relate(pair, y_true, y_pred)
    if options.layout and relation is Relation.MISMATCHED:
        refuse_contradiction(y_true, y_pred)
    layout = Layout(
        y_true,
        y_pred,
        relation,
        order_of_each=order,
        has_channel_logits=metric_axis is not None
        and y_pred.is_per_class
        and pred.floating
        and not pred.in_unit,
        has_declared_channels=has_declared_channels,
        mismatched=mismatched,
        assumed=() if options.layout else assumed,
    )
    return explain_sums(pair.y_pred, pred, layout)


def _are_independent(true: Peek, pred: Peek, channel: int | None) -> bool:
    """Return whether the predicted channels, unlike those of the masks, never sum to 1."""
    if channel is None or true.shape != pred.shape or len(true.shape) == MOST_AXES:
        return False
    return true.shape[channel] != 1 and not pred.sums_to_one


def _find_axes(letters: str | None, shape: Shape, channel: int | None, path: str) -> Axes:
    """Return the axes as declared, or with this class axis."""
    return build_axes(letters, shape, path) if letters else _infer_axes(shape, channel, path)


def _infer_axes(shape: Shape, channel: int | None, path: str) -> Axes:
    """Return the axes of an array with this class axis; a sample axis may still be added."""
    rest = [axis for axis in range(len(shape)) if axis != channel]
    if not 1 <= len(rest) <= (3 if channel == 0 else 4):
        raise ReadingError(
            f"{path} has shape {shape}: iou-doctor reads one to three spatial axes, with or without"
            " a sample axis and a class axis; name them with --layout, for instance NHWC"
        )
    has_sample_axis = len(rest) >= 3 or (len(rest) == 2 and _is_flat(shape, rest))
    spatial = tuple(rest[1:] if has_sample_axis else rest)
    return Axes(shape, has_sample_axis, spatial, channel)


def _refuse_varying_channels(pair: Pair, y_true: Axes, y_pred: Axes) -> None:
    for source, axes in ((pair.y_true, y_true), (pair.y_pred, y_pred)):
        if axes.channel is not None and axes.shape[axes.channel] is None:
            raise ReadingError(
                f"`{source.path}`: axis {axes.channel} would hold the classes, and its length"
                " differs from sample to sample; save all with the same classes, or use --layout"
            )


def _is_flat(shape: Shape, rest: list[int]) -> bool:
    first, second = (shape[axis] or 0 for axis in rest)
    return second >= LEAST_FLAT_RATIO * first


def _match_sample_axes(
    y_true: Axes, y_pred: Axes, true: Peek, pred: Peek
) -> tuple[Axes, Axes, tuple[Assumption, ...]]:
    """Return the axes of both arrays such that they agree on whether axis 0 counts samples."""
    # an array of MATLAB stacks the images of a folder along its last axis
    stacked = not pred.counts_samples and _is_permuted_volume(y_true, y_pred)
    if (true.counts_samples and not stacked) or pred.counts_samples:
        return *_match_files(y_true, y_pred, true, pred), ()
    if 0 in (y_true.channel, y_pred.channel) or _is_one_fully_flattened(y_true, y_pred):
        return _drop_sample_axis(y_true), _drop_sample_axis(y_pred), ()
    if _is_permuted_volume(y_true, y_pred):
        note = Assumption(
            "sample_axis", "none", "both are one volume: they have the same three sizes"
        )
        return _drop_sample_axis(y_true), _drop_sample_axis(y_pred), (note,)
    ranks = len(y_true.label_shape), len(y_pred.label_shape)
    if ranks[0] == ranks[1]:
        flat = ranks[0] == 2 and (y_true.has_sample_axis or y_pred.has_sample_axis)
        if not flat:
            return y_true, y_pred, ()
        note = Assumption("sample_axis", "0", "the other axis is far too long for an image")
        return _add_sample_axis(y_true), _add_sample_axis(y_pred), (note,)
    longer, shorter = (y_true, y_pred) if ranks[0] > ranks[1] else (y_pred, y_true)
    if is_flattened(longer.label_shape[1:], shorter.label_shape[1:]):
        shorter = _add_sample_axis(shorter)
    elif longer.samples == 1 or longer.shape[0] == 1:
        longer = _add_sample_axis(longer)
        shorter = _drop_sample_axis(shorter)
    return (longer, shorter, ()) if ranks[0] > ranks[1] else (shorter, longer, ())


def _match_files(y_true: Axes, y_pred: Axes, true: Peek, pred: Peek) -> tuple[Axes, Axes]:
    """Return the axes such that axis 0 counts samples where it counts files."""
    if not pred.counts_samples and _is_one_sample(y_pred, y_true):
        return y_true, _drop_sample_axis(y_pred)
    if not true.counts_samples and _is_one_sample(y_true, y_pred):
        return _drop_sample_axis(y_true), y_pred
    return _add_sample_axis(y_true), _add_sample_axis(y_pred)


def _is_one_sample(array: Axes, file: Axes) -> bool:
    """Return whether an array without a sample axis stands beside one file, as one image does."""
    if not file.has_sample_axis or file.samples != 1:
        return False
    label_shape = array.label_shape
    is_row = label_shape[0] == 1 and is_flattened(file.label_shape[1:], label_shape[1:])
    return len(label_shape) == len(file.label_shape) - 1 and not is_row


def _is_permuted_volume(y_true: Axes, y_pred: Axes) -> bool:
    """Return whether the arrays are one volume whose axes stand in another order in one of them.

    Samples whose height and width are swapped have the same number of samples.
    """
    true, pred = y_true.label_shape, y_pred.label_shape
    return find_axis_order(true, pred) is not None and true[0] != pred[0]


def _is_one_fully_flattened(one: Axes, other: Axes) -> bool:
    """Return whether one of the arrays has samples and pixels flattened into a single axis."""
    shapes = one.label_shape, other.label_shape
    return any(
        len(flat) == 1 < len(full) and prod(size or 0 for size in full) == flat[0]
        for flat, full in (shapes, shapes[::-1])
    )


def _add_sample_axis(axes: Axes) -> Axes:
    """Return the axes with axis 0 as the sample axis, if a spatial axis is left then."""
    if axes.has_sample_axis or len(axes.spatial) < 2 or axes.channel == 0:
        return axes
    return replace(axes, has_sample_axis=True, spatial=axes.spatial[1:])


def _drop_sample_axis(axes: Axes) -> Axes:
    """Return the axes with the sample axis as a spatial one, if there are not too many then."""
    if not axes.has_sample_axis or len(axes.spatial) > 2:
        return axes
    first = next(axis for axis in range(len(axes.shape)) if axis != axes.channel)
    return replace(axes, has_sample_axis=False, spatial=(first, *axes.spatial))
