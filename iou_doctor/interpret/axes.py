"""What the axes of both arrays mean, and how their pixels pair up."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.arrays.layout import Assumption, Axes, Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.errors import InterpretationError
from iou_doctor.interpret.class_axis import class_axes
from iou_doctor.interpret.colours import COLOUR_CHANNELS
from iou_doctor.interpret.layout_option import axes_from_letters, parse_layouts
from iou_doctor.interpret.peek import Seen, look
from iou_doctor.interpret.softmax_axis import explain_sums

Shape = tuple[int | None, ...]

FLAT_RATIO = 16
"""A 2-D label array this much longer than high is (samples, pixels): no image is so wide."""


def infer_layout(pair: Pair, options: Options, *, num_classes: int | None) -> Layout:
    """Return what the axes of both arrays mean.

    Args:
        pair: the two sources; some small windows of them are read.
        options: what the user said.
        num_classes: the declared number of classes, or `None`.

    Raises:
        UsageError: `--layout` does not fit.
        InterpretationError: an array has too many axes, or no pixels.
    """
    true_letters, pred_letters = parse_layouts(options.layout)
    true, pred = look(pair.y_true), look(pair.y_pred)
    true_channel, pred_channel, assumed = class_axes(true, pred, num_classes)
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
    y_true = _coloured(y_true, true, options.masks_as)
    y_pred = _coloured(y_pred, pred, options.predictions_as)
    if not options.layout:
        y_true, y_pred, more = _samples(y_true, y_pred, true, pred)
        assumed += more
    relation = _relation(y_true, y_pred)
    mismatched: tuple[int, ...] = ()
    if None in y_true.spatial_shape or None in y_pred.spatial_shape:
        relation, mismatched = _image_relation(pair, y_true, y_pred)
    layout = Layout(y_true, y_pred, relation, mismatched, () if options.layout else assumed)
    return explain_sums(pair.y_pred, pred, layout)


def _axes(shape: Shape, channel: int | None, path: str) -> Axes:
    """Return the axes of an array with this class axis, as if axis 0 counted samples."""
    rest = [axis for axis in range(len(shape)) if axis != channel]
    if not 1 <= len(rest) <= (3 if channel == 0 else 4):
        raise InterpretationError(
            f"{path} has shape {shape}: iou-doctor reads one to three spatial axes, with or without"
            " a sample axis and a class axis; name them with --layout, NHWC for instance"
        )
    sample = len(rest) >= 3 or (len(rest) == 2 and _looks_flat(shape, rest))
    return Axes(shape, sample, tuple(rest[1:] if sample else rest), channel)


def _coloured(axes: Axes, seen: Seen, said: Encoding | None) -> Axes:
    """Return the axes with the channels known as colours, if that is what they are."""
    colour = axes.channel in seen.colour_axes if said is None else said is Encoding.COLOUR
    return replace(axes, is_colour=colour and axes.channels in COLOUR_CHANNELS)


def _looks_flat(shape: Shape, rest: list[int]) -> bool:
    first, second = (shape[axis] or 0 for axis in rest)
    return second >= FLAT_RATIO * first


def _samples(
    y_true: Axes, y_pred: Axes, true: Seen, pred: Seen
) -> tuple[Axes, Axes, tuple[Assumption, ...]]:
    """Make both arrays agree on whether axis 0 counts samples."""
    if true.many_samples or pred.many_samples:
        return _with_samples(y_true), _with_samples(y_pred), ()
    if 0 in (y_true.channel, y_pred.channel) or _all_in_one(y_true, y_pred):
        return _without_samples(y_true), _without_samples(y_pred), ()
    ranks = len(y_true.label_shape), len(y_pred.label_shape)
    if ranks[0] == ranks[1]:
        flat = ranks[0] == 2 and (y_true.has_sample_axis or y_pred.has_sample_axis)
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


def _all_in_one(one: Axes, other: Axes) -> bool:
    """Return whether one array has all its samples flattened into a single axis."""
    shapes = one.label_shape, other.label_shape
    return any(
        len(flat) == 1 < len(full) and prod(size or 0 for size in full) == flat[0]
        for flat, full in (shapes, shapes[::-1])
    )


def _with_samples(axes: Axes) -> Axes:
    if axes.has_sample_axis or len(axes.spatial) < 2 or axes.channel == 0:
        return axes
    return replace(axes, has_sample_axis=True, spatial=axes.spatial[1:])


def _without_samples(axes: Axes) -> Axes:
    if not axes.has_sample_axis or len(axes.spatial) > 2:
        return axes
    first = next(axis for axis in range(len(axes.shape)) if axis != axes.channel)
    return replace(axes, has_sample_axis=False, spatial=(first, *axes.spatial))


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
    # a factor between flattened pixels is no resolution: channels, rather
    scaled = len(true) >= 2 and _whole_factor(true, pred)
    return Relation.SCALED if scaled else Relation.MISMATCHED


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
        true = _image_shape(pair.y_true.get_sample_shape(index), y_true)
        pred = _image_shape(pair.y_pred.get_sample_shape(index), y_pred)
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
