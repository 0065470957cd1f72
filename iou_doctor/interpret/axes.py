"""Which axis is which: decided by channel sums first, by shapes where sums do not tell."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from iou_doctor.errors import ReadingError
from iou_doctor.interpret.letters import axes_from_letters, parse_layouts
from iou_doctor.interpret.peek import Seen, look
from iou_doctor.layout import Assumption, Axes, Layout, Relation
from iou_doctor.reading import Options
from iou_doctor.source import Pair

Shape = tuple[int | None, ...]

FLAT_RATIO = 16
"""A 2-D label array this much longer than high is (samples, pixels): no image is so wide."""
LINE_LENGTH = 32
"""Rows of a (N, H, W) mask may each hold one 1 (a line); class axes of 3-D arrays are short."""


def read_layout(pair: Pair, options: Options, *, num_classes: int | None) -> Layout:
    """Return what the axes of both arrays mean.

    Args:
        pair: the two sources; some small windows of them are read.
        options: what the user said.
        num_classes: the declared number of classes, or `None`.

    Raises:
        UsageError: `--layout` does not fit.
        ReadingError: an array has too many axes, or no pixels.
    """
    true_letters, pred_letters = parse_layouts(options.layout)
    true, pred = look(pair.y_true), look(pair.y_pred)
    true_channel, pred_channel, assumed = _channels(true, pred, num_classes)
    y_true = (
        axes_from_letters(true_letters, true.shape, pair.y_true.path)
        if true_letters
        else _axes(true.shape, true_channel, pair.y_true.path)
    )
    y_pred = (
        axes_from_letters(pred_letters, pred.shape, pair.y_pred.path)
        if pred_letters
        else _axes(pred.shape, pred_channel, pair.y_pred.path)
    )
    if not options.layout:
        y_true, y_pred, more = _samples(y_true, y_pred, true, pred)
        assumed += more
    relation = _relation(y_true, y_pred)
    mismatched: tuple[int, ...] = ()
    if None in y_true.spatial_shape or None in y_pred.spatial_shape:
        relation, mismatched = _image_relation(pair, y_true, y_pred)
    return Layout(y_true, y_pred, relation, mismatched, () if options.layout else assumed)


def _channels(
    true: Seen, pred: Seen, num_classes: int | None
) -> tuple[int | None, int | None, tuple[Assumption, ...]]:
    """Return the class axis of the masks and of the predictions, and why."""
    true_channel = _by_sums(true, pred, num_classes)
    pred_channel = _by_sums(pred, true, num_classes)
    why = {
        "masks": "the only axis whose channels sum to 1" if true_channel is not None else "",
        "predictions": "the only axis whose channels sum to 1" if pred_channel is not None else "",
    }
    if pred_channel is None:
        pred_channel, why["predictions"] = _by_shape(
            pred, true, _without(true.shape, true_channel), num_classes
        )
    if true_channel is None:
        true_channel, why["masks"] = _by_shape(
            true, pred, _without(pred.shape, pred_channel), num_classes
        )
    return (
        true_channel,
        pred_channel,
        tuple(
            Assumption(f"{side}.class_axis", str(axis), why[side])
            for side, axis, seen in (
                ("predictions", pred_channel, pred),
                ("masks", true_channel, true),
            )
            if axis is not None and seen.shape[axis] != 1
        ),
    )


def _by_sums(seen: Seen, other: Seen, num_classes: int | None) -> int | None:
    """Return the class axis that channel sums prove, if they do."""
    axes = [axis for axis in seen.sums_to_one if _believable(seen, axis, num_classes)]
    if len(axes) < 2:
        return axes[0] if axes else None
    declared = [axis for axis in axes if seen.shape[axis] == num_classes]
    fitting = [axis for axis in axes if _without(seen.shape, axis) == other.shape]
    return (declared or fitting or axes)[0]


def _believable(seen: Seen, axis: int, num_classes: int | None) -> bool:
    length = seen.shape[axis] or 0
    if not seen.binary or length == num_classes:
        return True
    if num_classes is not None and abs(length - num_classes) > 1:
        return False
    return len(seen.shape) > 3 or length <= LINE_LENGTH


def _by_shape(
    seen: Seen, other: Seen, labels: Shape, num_classes: int | None
) -> tuple[int | None, str]:
    """Return the class axis that the shapes suggest, and why, or `None`.

    `labels` is the shape of the other array without its class axis.
    """
    shape = seen.shape
    last = len(shape) - 1
    if last >= 1 and shape[last] == 1:
        return last, "its size is 1"
    if len(shape) >= 4 and shape[1] == 1:
        return 1, "its size is 1"
    candidates = [axis for axis in dict.fromkeys((last, 1, 0)) if 0 <= axis <= last]
    shapes = {labels, tuple(size for size in labels[:1]) + _trimmed(labels[1:])}
    fitting = [axis for axis in candidates if _without(shape, axis) in shapes]
    if len(shape) == len(other.shape) and shape == labels:
        fitting = []
    declared = [axis for axis in fitting if shape[axis] == num_classes]
    if declared or fitting:
        return (declared or fitting)[0], "without it the shape is the other array's"
    if len(shape) == len(labels) + 1 or (len(shape) >= 4 and seen.floating):
        return _odd_axis(shape, candidates, num_classes)
    return None, ""


def _odd_axis(
    shape: Shape, candidates: list[int], num_classes: int | None
) -> tuple[int | None, str]:
    """Return a class axis for an array whose spatial sizes differ from the other's."""
    declared = [axis for axis in candidates if shape[axis] == num_classes]
    if declared:
        return declared[0], "its size is the number of classes"
    # a class axis of unequal images has a length, their height and width have none
    known = [axis for axis in candidates if axis != 0 and shape[axis] is not None]
    if not known:
        return None, ""
    return min(known, key=lambda axis: shape[axis] or 0), "it is the shortest axis"


def _without(shape: Shape, axis: int | None) -> Shape:
    return tuple(size for index, size in enumerate(shape) if index != axis)


def _trimmed(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def _axes(shape: Shape, channel: int | None, path: str) -> Axes:
    """Return the axes of an array with this class axis, as if axis 0 counted samples."""
    rest = [axis for axis in range(len(shape)) if axis != channel]
    if not 1 <= len(rest) <= 4:
        raise ReadingError(
            f"{path} has shape {shape}: iou-doctor reads one to three spatial axes, with or without"
            " a sample axis and a class axis; name them with --layout, NHWC for instance"
        )
    sample = len(rest) >= 3 or (len(rest) == 2 and _looks_flat(shape, rest))
    return Axes(shape, sample, tuple(rest[1:] if sample else rest), channel)


def _looks_flat(shape: Shape, rest: list[int]) -> bool:
    first, second = (shape[axis] or 0 for axis in rest)
    return second >= FLAT_RATIO * first


def _samples(
    y_true: Axes, y_pred: Axes, true: Seen, pred: Seen
) -> tuple[Axes, Axes, tuple[Assumption, ...]]:
    """Make both arrays agree on whether axis 0 counts samples."""
    if true.many_samples or pred.many_samples:
        return _with_samples(y_true), _with_samples(y_pred), ()
    ranks = len(y_true.label_shape), len(y_pred.label_shape)
    if ranks[0] == ranks[1]:
        flat = ranks[0] == 2 and (y_true.sample or y_pred.sample)
        if not flat:
            return y_true, y_pred, ()
        note = Assumption("sample_axis", "0", "the other axis is far too long for an image")
        return _with_samples(y_true), _with_samples(y_pred), (note,)
    longer, shorter = (y_true, y_pred) if ranks[0] > ranks[1] else (y_pred, y_true)
    if _flattened(longer.label_shape[1:], shorter.label_shape[1:]):
        shorter = _with_samples(shorter)
    elif longer.samples == 1 or longer.shape[0] == 1:
        longer = _with_samples(longer)
        shorter = _without_samples(shorter)
    return (longer, shorter, ()) if ranks[0] > ranks[1] else (shorter, longer, ())


def _flattened(longer: Shape, shorter: Shape) -> bool:
    return (
        len(longer) > len(shorter) == 1
        and None not in longer
        and prod(size or 0 for size in longer) == shorter[0]
    )


def _with_samples(axes: Axes) -> Axes:
    if axes.sample or len(axes.spatial) < 2:
        return axes
    return replace(axes, sample=True, spatial=axes.spatial[1:])


def _without_samples(axes: Axes) -> Axes:
    if not axes.sample:
        return axes
    first = next(axis for axis in range(len(axes.shape)) if axis != axes.channel)
    return replace(axes, sample=False, spatial=(first, *axes.spatial))


def _relation(y_true: Axes, y_pred: Axes) -> Relation:
    return relation_of(y_true.spatial_shape, y_pred.spatial_shape)


def relation_of(true: Shape, pred: Shape) -> Relation:
    """Return how pixels of a mask and a prediction of these spatial shapes pair up."""
    if true == pred:
        return Relation.EQUAL
    if None in true or None in pred:
        return Relation.MISMATCHED
    if len(true) != len(pred):
        same = _flattened(true, pred) or _flattened(pred, true)
        return Relation.FLATTENED if same else Relation.MISMATCHED
    if len(true) >= 2 and pred == (*true[:-2], true[-1], true[-2]):
        return Relation.SWAPPED
    return Relation.SCALED if _whole_factor(true, pred) else Relation.MISMATCHED


def _whole_factor(true: Shape, pred: Shape) -> bool:
    """Return whether one shape is the other times whole numbers, the same for each axis."""
    sizes = [(a or 0, b or 0) for a, b in zip(true, pred, strict=True)]
    factors = {max(a, b) / min(a, b) for a, b in sizes}
    one_way = all(a >= b for a, b in sizes) or all(a <= b for a, b in sizes)
    return one_way and len(factors) == 1 and factors.pop().is_integer()


def _image_relation(pair: Pair, y_true: Axes, y_pred: Axes) -> tuple[Relation, tuple[int, ...]]:
    """Return the relation of images of different sizes, and the samples that do not fit."""
    relations = []
    for index in range(min(y_true.samples, y_pred.samples)):
        true = _image_shape(pair.y_true.sample_shape(index), y_true)
        pred = _image_shape(pair.y_pred.sample_shape(index), y_pred)
        relations.append(relation_of(true, pred))
    unequal = tuple(i for i, relation in enumerate(relations) if relation is not Relation.EQUAL)
    kinds = {relations[index] for index in unequal}
    if len(kinds) == 1 and (kinds == {Relation.SWAPPED} or len(unequal) == len(relations)):
        return kinds.pop(), ()
    if unequal and len(unequal) == len(relations):
        return Relation.MISMATCHED, unequal
    return Relation.EQUAL, unequal


def _image_shape(sample_shape: tuple[int, ...], axes: Axes) -> Shape:
    return tuple(sample_shape[axis - 1] for axis in axes.spatial)
