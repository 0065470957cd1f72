"""Whether what a plan, a part or a report says goes together, before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.arrays.pairings import count_flat_labels
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.interpret.flat_images import is_list_of_pixels, list_image_counts
from iou_doctor.interpret.relation import infer_relation
from iou_doctor.interpret.scrambled_scores import reshape_back
from iou_doctor.parts.plain import NotPlainError, shorten
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.reorder_slices import ReorderSlices
from iou_doctor.repairs.step import Step

DAMAGED = (LookupError, ArithmeticError, TypeError, ValueError, AttributeError, RecursionError)
"""What reading damaged values may raise."""
SAME_RANK = {Relation.EQUAL, Relation.SWAPPED, Relation.PERMUTED, Relation.SCALED}
"""The relations of arrays with as many spatial axes."""

OF_CHANNELS = {
    LabelDecoding.ARGMAX,
    LabelDecoding.ARGMAX_ABOVE,
    LabelDecoding.ARGMAX_LAST,
    LabelDecoding.ARGMAX_NAN,
    LabelDecoding.CHANNELS,
    LabelDecoding.COLOUR,
}
"""The decodings that turn several values into one label."""


def check_layout(layout: Layout, *shapes: tuple[int | None, ...]) -> None:
    """Refuse a layout that is not one of arrays with these shapes, masks first.

    Raises:
        NotPlainError: says why.
    """
    for shape, axes in zip(shapes, (layout.y_true, layout.y_pred), strict=True):
        if axes.shape != shape or not _are_sound(axes):
            raise NotPlainError("its layout is not that of its arrays")
    samples = layout.mismatched
    if not _may_relate(layout) or not all(0 <= sample < layout.samples for sample in samples):
        raise NotPlainError("its layout pairs pixels that do not belong together")


def _are_sound(axes: Axes) -> bool:
    """Return whether each axis has one meaning."""
    first = [0] if axes.has_sample_axis else []
    channel = [] if axes.channel is None else [axes.channel]
    rank = len(axes.shape)
    return (
        [*range(rank)] == sorted([*first, *axes.spatial, *channel])
        and 1 <= len(axes.spatial) <= 3
        and axes.softmax_axis in (None, *first, *axes.spatial)
        and (axes.is_dense or not axes.is_reshaped)
        and (axes.images == 1 or _may_hold_images(axes))
    )


def _may_hold_images(axes: Axes) -> bool:
    """Return whether the pixels of one axis can be those of as many images as the axes say."""
    pixels = axes.spatial_shape[0]
    return is_list_of_pixels(axes) and axes.images > 1 and not (pixels or 0) % axes.images


def _may_relate(layout: Layout) -> bool:
    """Return whether the spatial axes can pair up as the layout says."""
    relation, order = layout.relation, layout.order_of_each
    true, pred = layout.y_true.spatial_shape, layout.y_pred.spatial_shape
    if None not in (*true, *pred):
        inferred = infer_relation(true, pred)
        flattened = inferred is Relation.SWAPPED and relation is Relation.FLATTENED
        return order is None and (relation is inferred or flattened)
    if relation in SAME_RANK and len(true) != len(pred):
        return False
    if relation is Relation.PERMUTED:
        return order is not None and len(true) == 3 and sorted(order) == [0, 1, 2]
    return order is None and (relation is not Relation.SWAPPED or len(true) > 1)


def check_question(question: object, layout: Layout) -> None:
    """Refuse a question that nobody asks about arrays with this layout.

    Raises:
        NotPlainError: says why.
    """
    readings = _list_readings(layout)
    for value in _walk(question):
        if isinstance(value, Layout) and value not in readings:
            raise NotPlainError("a question in it is about another layout")
        if isinstance(value, Pairing) and not _may_pair(value, layout):
            raise NotPlainError("a question in it pairs labels that its arrays do not have")
        if isinstance(value, Step) and not _can_be_done(value, layout):
            raise NotPlainError(f"the repair {shorten(value)} is not one for its arrays")


def _list_readings(layout: Layout) -> list[Layout]:
    """Return the layout, and those that a check may read the arrays with instead."""
    found = [layout]
    if layout.relation is Relation.SWAPPED:
        found.append(replace(layout, relation=Relation.FLATTENED))
    as_stored = replace(layout.y_pred, is_reshaped=False)
    return [
        *found,
        *(reshape_back(one, images) for one in found for images in list_image_counts(one)),
        *(replace(one, y_pred=as_stored) for one in found),
    ]


def _walk(value: object) -> Iterator[object]:
    """Yield a record and all records in its fields."""
    if isinstance(value, tuple):
        for item in value:
            yield from _walk(item)
    elif is_dataclass(value):
        yield value
        for each in fields(value):
            yield from _walk(getattr(value, each.name))


def _may_pair(pairing: Pairing, layout: Layout) -> bool:
    """Return whether both sides have as many labels when they are decoded so."""
    if pairing.flat:
        true, pred = count_flat_labels(layout, pairing)
        return true is not None and true == pred
    sides = (pairing.y_true, layout.y_true), (pairing.y_pred, layout.y_pred)
    return all(
        (decoding in OF_CHANNELS) is axes.is_dense
        and (decoding is LabelDecoding.COLOUR) is axes.is_colour
        for decoding, axes in sides
    )


def _can_be_done(step: Step, layout: Layout) -> bool:
    """Return whether the predictions have what a step names."""
    samples, spatial = layout.y_pred.samples, len(layout.y_pred.spatial)
    named: tuple[int, ...] = ()
    if isinstance(step, Reorder):
        named = step.order
        if len(named) < layout.samples:
            return False
    elif isinstance(step, MoveSome | RelabelSome):
        named = step.samples
        order = step.order if isinstance(step, MoveSome) else ()
        if order and sorted(order) != [*range(spatial)]:
            return False
    elif isinstance(step, PermuteAxes):
        rank = len(step.order)
        return rank in {spatial, spatial + 1} and sorted(step.order) == [*range(rank)]
    elif isinstance(step, ReorderSlices):
        return 0 <= step.axis < spatial and sorted(step.order) == [*range(len(step.order))]
    return all(0 <= sample < samples for sample in named)


def check_extremes(values: ValueCounts, dtype: StoredDtype) -> None:
    """Refuse extremes that no value of an array's dtype has.

    Raises:
        NotPlainError: names them.
    """
    if dtype.kind not in "iu":
        return
    size = 2 ** (8 * dtype.itemsize)
    first = -size // 2 if dtype.kind == "i" else 0
    for extreme in (values.minimum, values.maximum):
        if extreme is not None and not first <= extreme < first + size:
            raise NotPlainError(f"{shorten(extreme)} is no value of {dtype.name}")
