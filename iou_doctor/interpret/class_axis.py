"""Finds the axis that holds the classes: by channel sums if they prove it, else by the shapes."""

from __future__ import annotations

from math import prod

from iou_doctor.arrays.layout import COLOUR_CHANNELS, Assumption, find_axis_order
from iou_doctor.arrays.model import Shape
from iou_doctor.interpret.peek import Peek
from iou_doctor.interpret.relation import is_scaled

LONGEST_ONE_HOT_AXIS = 32
"""The longest class axis of a 3-D array of 0 and 1 that sums alone prove.

Each row of an (N, H, W) mask of a line may hold a single 1 as well; class axes are shorter.
"""
LEAST_LENGTH_RATIO = 4
"""How many times longer than such a class axis the longest other axis is.

The mask of a line has about as many rows as columns; classes are far fewer than pixels.
"""


def find_class_axes(
    true: Peek, pred: Peek, num_classes: int | None
) -> tuple[int | None, int | None, tuple[Assumption, ...]]:
    """Return the class axis of the masks, that of the predictions, and why.

    Args:
        true: what a few windows of the masks show.
        pred: what a few windows of the predictions show.
        num_classes: the declared number of classes, or `None`.
    """
    true_channel = _find_by_sums(true, pred, num_classes)
    pred_channel = _find_by_sums(pred, true, num_classes)
    true_why = pred_why = "the only axis whose channels sum to 1"
    if pred_channel is None:
        label_shape = remove_axis(true.shape, true_channel)
        pred_channel, pred_why = _find_by_shape(pred, label_shape, num_classes)
    if true_channel is None:
        label_shape = remove_axis(pred.shape, pred_channel)
        true_channel, true_why = _find_by_shape(true, label_shape, num_classes)
    if true_channel is None and pred_channel is None and _are_both_coloured(true, pred):
        true_channel = pred_channel = len(true.shape) - 1
        true_why = pred_why = "both arrays hold colours along it"
    sides = (
        ("predictions", pred_channel, pred, pred_why),
        ("masks", true_channel, true, true_why),
    )
    assumed = tuple(
        Assumption(f"{side}.class_axis", str(axis), why)
        for side, axis, peek, why in sides
        if axis is not None and peek.shape[axis] != 1
    )
    return true_channel, pred_channel, assumed


def is_channel_axis(shape: Shape, axis: int, num_classes: int | None) -> bool:
    """Return whether an axis has the declared length or, without one, is far the shortest."""
    length, others = shape[axis] or 0, [size or 0 for size in remove_axis(shape, axis)[1:]]
    if num_classes is not None:
        return length == num_classes
    return 2 <= length <= LONGEST_ONE_HOT_AXIS and 2 * length <= min(others, default=0)


def remove_axis(shape: Shape, axis: int | None) -> Shape:
    """Return a shape without one axis; `None` removes nothing."""
    return tuple(size for index, size in enumerate(shape) if index != axis)


def _are_both_coloured(true: Peek, pred: Peek) -> bool:
    """Return whether both arrays hold colours, or repeated greys, along the last axis."""
    last = len(true.shape) - 1
    return len(true.shape) == len(pred.shape) > 2 and all(
        last in (*peek.chromatic_axes, *peek.grey_axes) for peek in (true, pred)
    )


def _find_by_sums(peek: Peek, other: Peek, num_classes: int | None) -> int | None:
    """Return the class axis that channel sums prove, if they prove one."""
    axes = [axis for axis in peek.sums_to_one if _is_credible(peek, other, axis, num_classes)]
    if len(axes) < 2:
        return axes[0] if axes and not _has_softmax_elsewhere(peek, other, axes[0]) else None
    declared = [axis for axis in axes if peek.shape[axis] == num_classes]
    fitting = [
        axis for axis in axes if _has_same_pixels(remove_axis(peek.shape, axis), other.shape)
    ]
    both = [axis for axis in declared if axis in fitting]
    return (both or declared or fitting or axes)[0]


def _has_softmax_elsewhere(peek: Peek, other: Peek, axis: int) -> bool:
    """Return whether scores sum to 1 along an axis that cannot be the class axis.

    That is so if the shape equals the other array's without another axis, but not without `axis`.
    """
    if peek.binary or not peek.floating or None in peek.shape:
        return False
    shapes = (other.shape, *(remove_axis(other.shape, channel) for channel in other.sums_to_one))
    label_shapes = {_squeeze(shape) for shape in shapes}
    fitting = [
        candidate
        for candidate in _list_candidates(peek)
        if peek.shape[candidate] != 1
        and _squeeze(remove_axis(peek.shape, candidate)) in label_shapes
    ]
    return bool(fitting) and axis not in fitting


def _is_credible(peek: Peek, other: Peek, axis: int, num_classes: int | None) -> bool:
    """Return whether an axis that sums to 1 is a class axis, and does not do so by chance.

    Scores hardly do, but 0s and 1s of a mask may, for instance if it shows a line.
    """
    if not peek.binary:
        return True
    length, last = peek.shape[axis] or 0, len(other.shape) - 1
    if peek.shape in (remove_axis(other.shape, last), remove_axis(other.shape, 1)):
        return False
    if axis == 0 and (num_classes or 0) <= 2:
        # two masks whose objects do not overlap look like two classes
        return axis in other.sums_to_one and not other.binary
    if peek.shape[-1] == 1:
        return False  # that axis is the channel; each row of a small mask may hold a single 1
    if length == num_classes:
        return True
    if _find_size_one_axis(peek.shape) is not None:
        return False
    # one-hot masks come with scores; with labels of the same shape, they are labels as well
    both_labels = peek.shape == other.shape and not other.floating
    if both_labels and axis not in other.sums_to_one:
        return False
    near_declared = num_classes is None or abs(length - num_classes) <= 1
    return near_declared and _is_short_enough(peek, axis)


def _is_short_enough(peek: Peek, axis: int) -> bool:
    length, rest = peek.shape[axis] or 0, remove_axis(peek.shape, axis)
    if len(rest) > 2:
        return True
    longest = max(size or 0 for size in rest)
    return length <= LONGEST_ONE_HOT_AXIS and LEAST_LENGTH_RATIO * length <= longest


def _find_by_shape(
    peek: Peek, label_shape: Shape, num_classes: int | None
) -> tuple[int | None, str]:
    """Return the class axis that the shapes suggest, if any, and why.

    Args:
        peek: what a few windows of the array show.
        label_shape: the shape of the other array without its class axis.
        num_classes: the declared number of classes, or `None`.
    """
    shape = peek.shape
    candidates = _list_candidates(peek)
    fitting = [axis for axis in candidates if remove_axis(shape, axis) == label_shape]
    size_one_axis = _find_size_one_axis(shape)
    if size_one_axis is not None and not fitting:
        return size_one_axis, "its size is 1"
    has_no_class_axis = (
        _has_same_pixels(shape, label_shape)
        or _differs_in_samples(peek, label_shape, num_classes)
        or _differs_in_resolution(shape, label_shape)
    )
    if not fitting and has_no_class_axis:
        return None, ""
    fitting = fitting or [
        axis for axis in candidates if _has_same_pixels(remove_axis(shape, axis), label_shape)
    ]
    declared = [axis for axis in fitting if shape[axis] == num_classes]
    if fitting:
        return (declared or fitting)[0], "without it both arrays have the same shape"
    permuted = [
        axis for axis in candidates if find_axis_order(label_shape, remove_axis(shape, axis))
    ]
    if permuted:
        return permuted[0], "without it both arrays have the same three sizes"
    if len(shape) == len(label_shape) + 1 or (len(shape) >= 4 and peek.floating):
        return _find_by_length(peek, candidates, num_classes)
    return None, ""


def _differs_in_samples(peek: Peek, label_shape: Shape, num_classes: int | None) -> bool:
    """Return whether only the number of samples differs, and axis 0 is not a class axis."""
    has_classes_first = peek.floating and peek.shape[0] == num_classes
    return len(label_shape) >= 3 and peek.shape[1:] == label_shape[1:] and not has_classes_first


def _differs_in_resolution(shape: Shape, label_shape: Shape) -> bool:
    """Return whether samples are the same whole number of times larger or smaller in all axes.

    As flattened pixels, 8 x 8 would fit 64 x 64 without one of its axes.
    """
    if None in (*shape, *label_shape) or shape[:1] != label_shape[:1]:
        return False
    return len(shape) == len(label_shape) >= 3 and is_scaled(shape[1:], label_shape[1:])


def _list_candidates(peek: Peek) -> list[int]:
    last = len(peek.shape) - 1
    axes = (last, 1) if peek.counts_samples else (last, 1, 0)
    return [axis for axis in dict.fromkeys(axes) if 0 <= axis <= last and last > 0]


def _find_size_one_axis(shape: Shape) -> int | None:
    """Return an axis that holds one channel: the last one, or axis 1 of at least four."""
    if len(shape) >= 2 and shape[-1] == 1:
        return len(shape) - 1
    return 1 if len(shape) >= 4 and shape[1] == 1 else None


def _find_by_length(
    peek: Peek, candidates: list[int], num_classes: int | None
) -> tuple[int | None, str]:
    """Return a class axis, if any, for an array whose spatial sizes differ from the other's."""
    shape = peek.shape
    declared = [axis for axis in candidates if shape[axis] == num_classes]
    if declared:
        return declared[0], "its size is the number of classes"
    if not peek.floating:
        # labels of another size are likelier than integer scores
        has_colours = shape[-1] in COLOUR_CHANNELS
        return (
            (len(shape) - 1, "its size is 3 or 4, as that of colours")
            if has_colours
            else (None, "")
        )
    # where images differ in size, height and width have no length and the class axis has one
    known = [axis for axis in candidates if axis != 0 and shape[axis] is not None]
    if not known:
        return None, ""
    return min(known, key=lambda axis: shape[axis] or 0), "it is the shortest axis"


def _has_same_pixels(one: Shape, other: Shape) -> bool:
    """Return whether label shapes are equal, apart from sizes of 1 and flattened axes."""
    if _squeeze(one) == _squeeze(other):
        return True
    if not one or not other or None in one or None in other:
        return False
    shorter = min(len(one), len(other))
    flat = len(one) != len(other) and (shorter == 1 or (shorter == 2 and one[0] == other[0]))
    return flat and prod(size or 0 for size in one) == prod(size or 0 for size in other)


def _squeeze(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)
