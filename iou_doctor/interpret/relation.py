"""Infers from shapes how the pixels of masks and predictions pair up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import prod

from iou_doctor.arrays.layout import Axes, Relation, find_axis_order
from iou_doctor.arrays.model import Shape
from iou_doctor.arrays.source import Pair


def is_flattened(longer: Shape, shorter: Shape) -> bool:
    """Return whether `shorter` has the axes of `longer` flattened into one."""
    return (
        len(longer) > len(shorter) == 1
        and None not in longer
        and prod(size or 0 for size in longer) == shorter[0]
    )


def relate(
    pair: Pair, y_true: Axes, y_pred: Axes
) -> tuple[Relation, tuple[int, ...], tuple[int, ...] | None]:
    """Return how the pixels of two arrays pair up.

    Returns:
        The relation. If images differ in size: the samples that do not fit, and how to transpose
        each volume of the predictions if one order fits all.
    """
    true, pred = y_true.spatial_shape, y_pred.spatial_shape
    if None not in (*true, *pred):
        return infer_relation(true, pred), (), None
    shapes = _list_image_shapes(pair, y_true, y_pred)
    relation, mismatched = _infer_relation_of_images(shapes)
    order = _find_order_of_each(shapes) if relation is Relation.PERMUTED else None
    return relation, mismatched, order


def infer_relation(true: Shape, pred: Shape) -> Relation:
    """Return how the pixels of a mask and a prediction of these spatial shapes pair up."""
    if true == pred:
        return Relation.EQUAL
    if None in true or None in pred:
        return Relation.MISMATCHED
    if len(true) != len(pred):
        flattened = is_flattened(true, pred) or is_flattened(pred, true)
        return Relation.FLATTENED if flattened else Relation.MISMATCHED
    if len(true) >= 2 and pred == (*true[:-2], true[-1], true[-2]):
        return Relation.SWAPPED
    if find_axis_order(true, pred) is not None:
        return Relation.PERMUTED
    # a factor between numbers of flattened pixels comes from channels, not from a resolution
    scaled = len(true) >= 2 and is_scaled(true, pred)
    return Relation.SCALED if scaled else Relation.MISMATCHED


def is_scaled(true: Shape, pred: Shape) -> bool:
    """Return whether one shape is the other times a whole number, the same for each axis."""
    sizes = [(a or 0, b or 0) for a, b in zip(true, pred, strict=True)]
    factors = {max(a, b) / min(a, b) for a, b in sizes}
    same_direction = all(a >= b for a, b in sizes) or all(a <= b for a, b in sizes)
    return same_direction and len(factors) == 1 and factors.pop().is_integer()


def _infer_relation_of_images(
    shapes: Sequence[tuple[Shape, Shape]],
) -> tuple[Relation, tuple[int, ...]]:
    """Return the relation of images of different sizes, and the samples that do not fit."""
    relations = [infer_relation(true, pred) for true, pred in shapes]
    unequal = tuple(i for i, relation in enumerate(relations) if relation is not Relation.EQUAL)
    kinds = {relations[index] for index in unequal}
    all_unequal = len(unequal) == len(relations)
    if kinds == {Relation.SWAPPED}:
        return Relation.SWAPPED, ()
    if 2 * len(unequal) > len(relations) and _are_resized(shapes):
        return Relation.SCALED, ()
    if len(kinds) == 1 and all_unequal and kinds != {Relation.PERMUTED}:
        return kinds.pop(), ()
    if kinds == {Relation.PERMUTED} and _find_order_of_each(shapes) is not None:
        return Relation.PERMUTED, ()
    return Relation.MISMATCHED if unequal and all_unequal else Relation.EQUAL, unequal


def _list_image_shapes(pair: Pair, y_true: Axes, y_pred: Axes) -> list[tuple[Shape, Shape]]:
    """Return the spatial shapes of each mask and its prediction."""
    return [
        (
            _get_image_shape(pair.y_true.get_sample_shape(index), y_true),
            _get_image_shape(pair.y_pred.get_sample_shape(index), y_pred),
        )
        for index in range(min(y_true.samples, y_pred.samples))
    ]


def _find_order_of_each(shapes: Sequence[tuple[Shape, Shape]]) -> tuple[int, ...] | None:
    """Return how to transpose each volume of the predictions, if one order fits all."""
    orders = [
        order
        for order in permutations(range(3))
        if all(
            len(true) == len(pred) == 3 and tuple(pred[axis] for axis in order) == true
            for true, pred in shapes
        )
    ]
    return orders[0] if orders and orders[0] != (0, 1, 2) else None


def _are_resized(shapes: Sequence[tuple[Shape, Shape]]) -> bool:
    """Return whether all images of one side have one size, or the proportions of their partners."""
    if any(len(true) != len(pred) or len(true) < 2 for true, pred in shapes):
        return False
    return 1 in map(len, map(set, zip(*shapes, strict=True))) or all(
        _have_same_proportions(true, pred) for true, pred in shapes
    )


def _have_same_proportions(true: Shape, pred: Shape) -> bool:
    """Return whether one shape is the other times any factor, but for the rounding of sizes."""
    sizes = [(a or 1, b or 1) for a, b in zip(true, pred, strict=True)]
    factor = max(a / b for a, b in sizes)
    return all(abs(a / factor - b) <= 1 or abs(b * factor - a) <= 1 for a, b in sizes)


def _get_image_shape(sample_shape: tuple[int, ...], axes: Axes) -> Shape:
    return tuple(sample_shape[axis - 1] for axis in axes.spatial)
