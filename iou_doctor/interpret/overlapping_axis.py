"""Find an axis of channels that overlap, each a label of its own, and whether they do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.interpretation import LEAST_OVERLAP, Options
from iou_doctor.arrays.layout import COLOUR_CHANNELS, Assumption, Layout
from iou_doctor.arrays.model import Shape
from iou_doctor.arrays.source import Pair
from iou_doctor.arrays.white_masks import WHITE
from iou_doctor.counts.channel_sums import is_binary_in_each_image
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.interpret.class_axis import is_channel_axis
from iou_doctor.interpret.peek import Peek, hold_only, read_windows

FEWEST_CLASSES = 3
"""Number of declared classes from which 0 and 255 cannot be the ids of all of them."""
LEAST_OVERLAP_OF_OBJECTS = 0.1
"""Share of the pixels with a channel that have several, from which small objects overlap."""
LEAST_BACKGROUND = 0.5
"""Share of the pixels without a channel from which they are the background of structures."""
LEAST_EMPTY_SHARE = 0.1
"""Share of the pixels whose predicted channels do not sum to 1, from which they are independent."""

LEAST_SHARE_OF_ONES = 0.1
"""Share of the pixels with a channel that have a single 1, from which 255 is void, or stands for 1
in some samples. Colours seldom hold a 1 among zeros."""


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
    if not hold_only(masks, (0, 1, *ignored)) and not hold_only(masks, (0, 1, WHITE)):
        return None, ()
    if not pred.floating and not pred.binary:
        predictions = read_windows(pair.y_pred, whole_axis=axis)
        if not hold_only(predictions, (0, 255)):
            return None, ()
    return axis, _explain(
        axis, "the metric takes channels, and those of a pixel overlap or are all 0"
    )


def find_declared_channels(
    pair: Pair, pred: Peek, options: Options, *, is_proven: bool
) -> tuple[int | None, tuple[Assumption, ...]]:
    """Return the axis of channels of 0 and 1, or 0 and 255, one for each declared class, and why.

    Three or more classes have other ids too, so an axis of that length holds a mask for each class.
    Colours make no more combinations than there are classes and void.

    Args:
        pair: the arrays.
        pred: what a few windows of the predictions show.
        options: the declared number of channels.
        is_proven: whether sums prove a class axis, so that channels of 0 and 1 are one-hot.
    """
    shape, classes = pair.y_true.shape, options.num_classes or 0
    is_declared = options.layout or options.masks_as or options.predictions_as
    if is_declared or classes < FEWEST_CLASSES or len(shape) != 4 or shape != pair.y_pred.shape:
        return None, ()
    for axis in (axis for axis in (1, 3) if shape[axis] == classes):
        masks = read_windows(pair.y_true, whole_axis=axis)
        sides = [masks]
        if not pred.floating or pred.binary:
            sides.append(read_windows(pair.y_pred, whole_axis=axis))
        of_255 = hold_only(masks, (0, 255))
        if not of_255 and (is_proven or not hold_only(masks, (0, 1, WHITE))):
            continue
        if all(_are_channels(side, axis, may_be_one_hot=of_255) for side in sides):
            return axis, _explain(axis, "as many channels as classes, of two values")
    return None, ()


def _are_channels(windows: Sequence[StoredArray], axis: int, *, may_be_one_hot: bool) -> bool:
    """Return whether values along an axis are no colours, and pixels have several or none.

    Args:
        windows: parts of an array, complete along the axis.
        axis: the axis.
        may_be_one_hot: whether all pixels may have one.
    """
    channels = windows[0].shape[axis]
    pixels = (
        np.concatenate([np.moveaxis(window, axis, -1).reshape(-1, channels) for window in windows])
        > 0
    )
    counts = np.unique(pixels.sum(axis=1))
    if len(counts) == 1 and (counts[0] != 1 or not may_be_one_hot):
        return False
    is_colour = axis == 3 and channels in COLOUR_CHANNELS
    return not is_colour or len(np.unique(pixels @ (2 ** np.arange(channels)))) > channels + 1


def _explain(axis: int, why: str) -> tuple[Assumption, ...]:
    sides = ("predictions", "masks")
    return tuple(Assumption(f"{side}.class_axis", str(axis), why) for side in sides)


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


def do_channels_overlap(
    layout: Layout, stats: Stats, ignore_index: int | None, *, takes_channels: bool
) -> bool:
    """Return whether pixels of the masks have several channels, or none as in the predictions.

    A metric that scores each channel on its own (`takes_channels`) makes it likely. Otherwise, many
    pixels have to have several, and the predicted channels must not exclude each other, either.
    """
    masks, predictions = stats.y_true, stats.y_pred
    if layout.has_declared_channels:
        is_known = predictions.fractional or predictions.within_unit or predictions.are_bytes
        return bool(_are_whole_channels(masks) and is_known)
    if not layout.y_true.is_per_class or layout.y_true.channels != layout.y_pred.channels:
        return False
    if masks.fractional:
        return False
    is_binary = not predictions.fractional and not predictions.outside_unit
    are_independent = predictions.sum_off >= (
        1 if is_binary else LEAST_EMPTY_SHARE * predictions.pixels
    )
    if masks.outside_unit:
        excluding = masks.minimum_sum == masks.maximum_sum or not are_independent
        known = _are_outsiders_known(stats, ignore_index)
        return takes_channels and known and not excluding
    several = masks.pixels - masks.one_hot - masks.all_zero
    if not takes_channels:
        objects = LEAST_OVERLAP_OF_OBJECTS * (masks.pixels - masks.all_zero)
        least = max(1, min(LEAST_OVERLAP * masks.pixels, objects))
        return several >= least and are_independent
    # logits never sum to 1; beside them, a few empty pixels are void and not background
    least = 1 if predictions.outside_unit == 0 else LEAST_BACKGROUND * masks.pixels
    return several > 0 or (are_independent and (is_binary or masks.all_zero >= least))


def _are_whole_channels(values: ValueCounts) -> bool:
    """Return whether no value is between 0 and 1, or beyond 255."""
    return not values.fractional and values.minimum == 0 and values.maximum in (1, 255)


def _hold_ones(masks: ValueCounts) -> bool:
    """Return whether a good share of the pixels with a channel has a single 1, as no colours do."""
    return masks.one_hot >= LEAST_SHARE_OF_ONES * (masks.pixels - masks.all_zero) > 0


def _are_outsiders_known(stats: Stats, ignore_index: int | None) -> bool:
    """Return whether the masks hold only 0 and 255, or 0, 1 and another void label."""
    masks = stats.y_true
    if masks.maximum == WHITE and stats.sums is not None and is_binary_in_each_image(stats.sums):
        return True
    if masks.maximum == WHITE and masks.minimum == 0 and _hold_ones(masks):
        return True
    return ignore_index in (masks.minimum, masks.maximum) and not (
        masks.minimum not in (0, ignore_index) or masks.maximum not in (1, ignore_index)
    )
