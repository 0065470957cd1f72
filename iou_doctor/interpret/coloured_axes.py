"""Mark the axes of arrays whose channels are those of colours."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import COLOUR_CHANNELS, Axes
from iou_doctor.arrays.source import Source
from iou_doctor.interpret.peek import Peek


def mark_colours(axes: Axes, peek: Peek, declared: Encoding | None) -> Axes:
    """Return the axes with `is_colour` set if the channels are those of a picture."""
    if declared is None:
        is_colour = axes.channel in peek.colour_axes
    else:
        is_colour = declared is Encoding.COLOUR
    possible = axes.channels in COLOUR_CHANNELS or (declared is None and axes.is_dense)
    return replace(axes, is_colour=is_colour and possible)


def mark_binary_colours(
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
