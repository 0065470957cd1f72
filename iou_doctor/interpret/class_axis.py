"""Which axis holds the classes: decided by channel sums first, by shapes where sums do not tell."""

from __future__ import annotations

from math import prod

from iou_doctor.arrays.layout import Assumption
from iou_doctor.interpret.peek import Seen

Shape = tuple[int | None, ...]

LINE_LENGTH = 32
"""Rows of a (N, H, W) mask may each hold one 1 (a line); class axes of 3-D arrays are short."""
LINE_RATIO = 4
"""Classes of a 3-D array are far fewer than its pixels; a line's rows are as long as its columns"""
COLOUR_CHANNELS = (3, 4)


def class_axes(
    true: Seen, pred: Seen, num_classes: int | None
) -> tuple[int | None, int | None, tuple[Assumption, ...]]:
    """Return the class axis of the masks and of the predictions, and what each rests on."""
    true_channel = _by_sums(true, pred, num_classes)
    pred_channel = _by_sums(pred, true, num_classes)
    true_why = pred_why = "the only axis whose channels sum to 1"
    if pred_channel is None:
        labels = without(true.shape, true_channel)
        pred_channel, pred_why = _by_shape(pred, labels, num_classes)
    if true_channel is None:
        labels = without(pred.shape, pred_channel)
        true_channel, true_why = _by_shape(true, labels, num_classes)
    if true_channel is None and pred_channel is None and _painted(true, pred):
        true_channel = pred_channel = len(true.shape) - 1
        true_why = pred_why = "both arrays hold colours along it"
    sides = (
        ("predictions", pred_channel, pred, pred_why),
        ("masks", true_channel, true, true_why),
    )
    assumed = tuple(
        Assumption(f"{side}.class_axis", str(axis), why)
        for side, axis, seen, why in sides
        if axis is not None and seen.shape[axis] != 1
    )
    return true_channel, pred_channel, assumed


def _painted(true: Seen, pred: Seen) -> bool:
    """Return whether both arrays hold colours along the last axis; greys are left as they are."""
    last = len(true.shape) - 1
    return (
        len(true.shape) == len(pred.shape) > 2
        and last in true.painted_axes
        and last in pred.painted_axes
    )


def without(shape: Shape, axis: int | None) -> Shape:
    """Return a shape without one axis."""
    return tuple(size for index, size in enumerate(shape) if index != axis)


def _by_sums(seen: Seen, other: Seen, num_classes: int | None) -> int | None:
    """Return the class axis that channel sums prove, if they do."""
    axes = [axis for axis in seen.sums_to_one if _believable(seen, other, axis, num_classes)]
    if len(axes) < 2:
        return axes[0] if axes and not _softmaxed_elsewhere(seen, other, axes[0]) else None
    declared = [axis for axis in axes if seen.shape[axis] == num_classes]
    fitting = [axis for axis in axes if _pairs_up(without(seen.shape, axis), other.shape)]
    both = [axis for axis in declared if axis in fitting]
    return (both or declared or fitting or axes)[0]


def _softmaxed_elsewhere(seen: Seen, other: Seen, axis: int) -> bool:
    """Return whether scores sum to 1 along an axis that cannot be that of the classes.

    Without it the shape is not the other array's, but without another axis it is.
    """
    if seen.binary or not seen.floating or None in seen.shape:
        return False
    shapes = (other.shape, *(without(other.shape, channel) for channel in other.sums_to_one))
    labels = {_trimmed(shape) for shape in shapes}
    wide = [candidate for candidate in _candidates(seen) if seen.shape[candidate] != 1]
    fitting = [
        candidate for candidate in wide if _trimmed(without(seen.shape, candidate)) in labels
    ]
    return bool(fitting) and axis not in fitting


def _believable(seen: Seen, other: Seen, axis: int, num_classes: int | None) -> bool:
    """Return whether 0s and 1s that sum to 1 are one-hot, and not by chance (a line, say)."""
    if not seen.binary:
        return True
    length, last = seen.shape[axis] or 0, len(other.shape) - 1
    if seen.shape in (without(other.shape, last), without(other.shape, 1)):
        return False
    if axis == 0 and (num_classes or 0) <= 2:
        # two masks whose objects do not overlap look like two classes
        return axis in other.sums_to_one and not other.binary
    if seen.shape[-1] == 1:
        return False  # that is the one channel; the rows of a small mask may each hold one 1
    if length == num_classes:
        return True
    if _size_one_axis(seen.shape) is not None:
        return False
    # one-hot masks stand beside scores; beside labels of their own shape they are labels too
    labels_too = seen.shape == other.shape and not other.floating
    if labels_too and axis not in other.sums_to_one:
        return False
    near = num_classes is None or abs(length - num_classes) <= 1
    return near and _short(seen, axis)


def _short(seen: Seen, axis: int) -> bool:
    length, rest = seen.shape[axis] or 0, without(seen.shape, axis)
    longest = max(size or 0 for size in rest)
    return len(rest) > 2 or (length <= LINE_LENGTH and LINE_RATIO * length <= longest)


def _by_shape(seen: Seen, labels: Shape, num_classes: int | None) -> tuple[int | None, str]:
    """Return the class axis that the shapes suggest, and why, or `None`.

    `labels` is the shape of the other array without its class axis.
    """
    shape = seen.shape
    candidates = _candidates(seen)
    fitting = [axis for axis in candidates if without(shape, axis) == labels]
    alone = _size_one_axis(shape)
    if alone is not None and not fitting:
        return alone, "its size is 1"
    if not fitting and (_pairs_up(shape, labels) or _counts_differ(seen, labels, num_classes)):
        return None, ""
    fitting = fitting or [axis for axis in candidates if _pairs_up(without(shape, axis), labels)]
    declared = [axis for axis in fitting if shape[axis] == num_classes]
    if fitting:
        return (declared or fitting)[0], "without it the shape is the other array's"
    if len(shape) == len(labels) + 1 or (len(shape) >= 4 and seen.floating):
        return _odd_axis(seen, candidates, num_classes)
    return None, ""


def _counts_differ(seen: Seen, labels: Shape, num_classes: int | None) -> bool:
    """Return whether only the numbers of samples differ; a class axis 0 would look alike."""
    classes_first = seen.floating and seen.shape[0] == num_classes
    return len(labels) >= 3 and seen.shape[1:] == labels[1:] and not classes_first


def _candidates(seen: Seen) -> list[int]:
    last = len(seen.shape) - 1
    axes = (last, 1) if seen.many_samples else (last, 1, 0)
    return [axis for axis in dict.fromkeys(axes) if 0 <= axis <= last and last > 0]


def _size_one_axis(shape: Shape) -> int | None:
    """Return the axis that holds one channel: the last, or axis 1 of four and more."""
    if len(shape) >= 2 and shape[-1] == 1:
        return len(shape) - 1
    return 1 if len(shape) >= 4 and shape[1] == 1 else None


def _odd_axis(seen: Seen, candidates: list[int], num_classes: int | None) -> tuple[int | None, str]:
    """Return a class axis for an array whose spatial sizes differ from the other's."""
    shape = seen.shape
    declared = [axis for axis in candidates if shape[axis] == num_classes]
    if declared:
        return declared[0], "its size is the number of classes"
    if not seen.floating:
        # labels of another size are likelier than integer scores
        colour = shape[-1] in COLOUR_CHANNELS
        return (len(shape) - 1, "its size is that of colours") if colour else (None, "")
    # a class axis of unequal images has a length, their height and width have none
    known = [axis for axis in candidates if axis != 0 and shape[axis] is not None]
    if not known:
        return None, ""
    return min(known, key=lambda axis: shape[axis] or 0), "it is the shortest axis"


def _pairs_up(one: Shape, other: Shape) -> bool:
    """Return whether label shapes have the same pixels: equal but for sizes of 1 or flattening."""
    if _trimmed(one) == _trimmed(other):
        return True
    if not one or not other or None in one or None in other:
        return False
    shorter = min(len(one), len(other))
    flat = len(one) != len(other) and (shorter == 1 or (shorter == 2 and one[0] == other[0]))
    return flat and prod(size or 0 for size in one) == prod(size or 0 for size in other)


def _trimmed(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)
