"""Mark the axes of arrays whose channels are those of colours."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.arrays.layout import COLOUR_CHANNELS, Axes
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.interpret.colours import has_unit_colours
from iou_doctor.interpret.peek import Peek, read_windows


def mark_colours(
    pair: Pair, y_true: Axes, y_pred: Axes, true: Peek, pred: Peek, options: Options
) -> tuple[Axes, Axes]:
    """Return the axes of both arrays with `is_colour` set where channels are those of colours.

    Args:
        pair: the arrays.
        y_true: the axes of the masks.
        y_pred: the axes of the predictions.
        true: what a few windows of the masks show.
        pred: what those of the predictions show.
        options: how the user says that the arrays are encoded.
    """
    y_true = _mark_pictures(y_true, true, options.masks_as)
    y_true = _mark_unit_colours(pair.y_true, y_true, true, pred, options)
    y_pred = _mark_pictures(y_pred, pred, options.predictions_as)
    is_declared = options.predictions_as is not None
    if y_pred.is_colour and not y_pred.has_channels_last and not (y_true.is_colour or is_declared):
        y_pred = replace(y_pred, is_colour=not _are_regions(pair.y_pred, y_pred))
    return (
        _mark_binary_colours(
            pair.y_true,
            y_true,
            true,
            pair.y_pred,
            y_pred,
            options.masks_as,
            are_predictions=False,
        ),
        _mark_binary_colours(
            pair.y_pred,
            y_pred,
            pred,
            pair.y_true,
            y_true,
            options.predictions_as,
            are_predictions=True,
        ),
    )


def _mark_pictures(axes: Axes, peek: Peek, declared: Encoding | None) -> Axes:
    """Return the axes with `is_colour` set if the channels are those of a picture."""
    if declared is None:
        is_colour = axes.channel in peek.colour_axes
    else:
        is_colour = declared is Encoding.COLOUR
    possible = axes.channels in COLOUR_CHANNELS or (declared is None and axes.is_dense)
    return replace(axes, is_colour=is_colour and possible)


def _are_regions(predictions: Source, axes: Axes) -> bool:
    """Return whether channels of bytes on another axis than the last one are those of regions."""
    from iou_doctor.interpret.binary_colours import are_regions_of_bytes

    channel = axes.channel or 0
    return are_regions_of_bytes(read_windows(predictions, whole_axis=channel), channel)


def _mark_unit_colours(masks: Source, axes: Axes, true: Peek, pred: Peek, options: Options) -> Axes:
    """Return the axes of masks with `is_unit_colour` set if they hold colours from 0 to 1.

    Channels of the same shape as the predictions are those of classes.
    """
    may_be = true.floating and true.in_unit and options.masks_as is None and not axes.is_colour
    if not may_be or axes.channels not in COLOUR_CHANNELS or true.shape == pred.shape:
        return axes
    channel = axes.channel or 0
    windows = read_windows(masks, whole_axis=channel)
    found = has_unit_colours(windows, channel, may_be_two=options.num_classes in {None, 2})
    return replace(axes, is_colour=found, is_unit_colour=found)


def _mark_binary_colours(
    source: Source,
    axes: Axes,
    peek: Peek,
    other: Source,
    beside: Axes,
    declared: Encoding | None,
    *,
    are_predictions: bool,
) -> Axes:
    """Return the axes with `is_colour` set if channels of 0 and 1 are no classes beside labels."""
    may_be = peek.binary and declared is None and axes.is_per_class and axes.channel != 0
    if not may_be or axes.channels not in COLOUR_CHANNELS or beside.is_colour:
        return axes
    # as many channels on both sides are classes, also if they overlap
    if beside.label_shape != axes.label_shape or beside.channels == axes.channels:
        return axes
    from iou_doctor.interpret.binary_colours import has_binary_colours

    may_be_regions = are_predictions and not beside.is_dense
    found = has_binary_colours(source, axes, other, beside, may_be_regions=may_be_regions)
    return replace(axes, is_colour=found, is_unit_colour=found and peek.floating)
