"""Finds class scores that were reshaped where their axes had to be moved, although no sums show it.

Logits do not sum to 1 in any order. But the labels of a scrambled array are noise, and those of the
restored one are smooth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import Assumption, Axes, Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.interpret.softmax_axis import (
    LARGEST_SAMPLE,
    PIXELS_OF_SAMPLE,
    name_written_order,
    read_sample,
)

MOST_OVER_MAJORITY = 0.05
"""Share of the pixels by which a scrambled array may agree with the masks better than if all pixels
were of the most frequent class."""
LARGEST_ROUGHNESS_RATIO = 0.5
"""Largest ratio of the label changes between neighbours after restoring to those as stored. It is
0.05 to 0.3 for scrambled scores, and about 1 for noise."""


def are_scores_rough(pair: Pair, layout: Layout, stats: Stats) -> bool:
    """Return whether scores look as if they were in another order.

    Args:
        pair: the sources.
        layout: what the axes mean.
        stats: what was counted over all values.
    """
    values = stats.y_pred
    tables = (t for p, t in stats.tables.items() if p.y_pred is LabelDecoding.ARGMAX)
    table = next(tables, None)
    is_dense = values.one_hot == 0 and values.sum_off > 0 and values.non_finite == 0
    is_dense &= values.outside_unit > 0  # the sums of probabilities would show it
    may_be = table is not None and is_dense and may_be_scrambled(pair, layout)
    return table is not None and may_be and agree_by_chance(table)


def find_smoother(pair: Pair, layout: Layout, samples: Iterable[int]) -> tuple[int, ...]:
    """Return for some samples how many images each holds in the other order.

    That is 0 for a sample whose labels are not smoother in the other order.
    """
    return tuple(_count_smoother(pair, layout, index) for index in samples)


def reshape_back(layout: Layout, images: int = 1) -> Layout:
    """Return the layout with scores read in the other order, which makes them smooth."""
    axes = layout.y_pred
    note = Assumption(
        "predictions.order",
        name_written_order(axes, images),
        "only when reshaped back do the scores give smooth label maps",
    )
    y_pred = replace(axes, is_reshaped=True, images=images)
    return replace(layout, y_pred=y_pred, assumed=(*layout.assumed, note))


def may_be_scrambled(pair: Pair, layout: Layout) -> bool:
    """Return whether scores of this layout may be in another order, and two samples can show it."""
    axes = layout.y_pred
    if not axes.is_per_class or axes.is_reshaped or axes.softmax_axis is not None:
        return False
    if layout.relation not in {Relation.EQUAL, Relation.FLATTENED} or None in axes.shape:
        return False
    size = prod(length or 0 for length in axes.shape[axes.has_sample_axis :])
    extra = len(axes.shape) - len(axes.spatial) - axes.has_sample_axis - 1
    readable = pair.model is None and not pair.y_pred.is_sequential and size <= LARGEST_SAMPLE
    return readable and extra == 0 and None not in layout.y_true.spatial_shape


def agree_by_chance(table: PairCounts) -> bool:
    """Return whether hardly more labels agree than if all were of the most frequent class."""
    if not len(table):
        return False
    pairs = table.pool()
    agreeing = int(pairs.count[pairs.truth == pairs.prediction].sum())
    majority = max(pairs.count_truths().values())
    return agreeing <= majority + MOST_OVER_MAJORITY * pairs.total


def _count_smoother(pair: Pair, layout: Layout, index: int) -> int:
    """Return how many images a sample holds if its labels are far smoother when reshaped back."""
    axes = layout.y_pred
    values = read_sample(pair.y_pred, axes, index)
    images = _find_agreeing(pair, layout, values)
    if images is None:
        return 0
    if images > 1 and not axes.has_channels_last:
        return images  # each row holds whole channels, so the labels as stored are smooth, too
    shape = max(layout.y_true.spatial_shape, axes.spatial_shape, key=len)
    sizes = shape[1:] if shape[0] == images and len(shape) > 1 else (-1,)
    given, restored = (
        _measure_roughness(
            replace(axes, is_reshaped=reshaped, images=images),
            values,
            (images, *sizes) if images > 1 else (1, *shape),
        )
        for reshaped in (False, True)
    )
    return images if 0 < restored <= LARGEST_ROUGHNESS_RATIO * given else 0


def _find_agreeing(pair: Pair, layout: Layout, values: StoredArray) -> int | None:
    """Return the number of images with which most scores agree with the masks, if many do.

    A wrong number gives smooth labels as well, because it compares values of one class.
    """
    from iou_doctor.interpret.flat_images import list_image_counts, pick_scores

    possible, axes = list_image_counts(layout), layout.y_pred
    if possible == [1]:
        return 1
    masks = layout.y_true.arrange(pair.y_true.read(())).reshape(-1, layout.y_true.channels)
    if layout.y_true.is_colour or len(masks) != values.size // axes.channels:
        return None
    truth = masks.argmax(axis=1) if layout.y_true.is_dense else masks[:, 0]
    some = np.arange(0, len(truth), max(1, len(truth) // PIXELS_OF_SAMPLE))
    agreement = {
        images: float(np.mean(pick_scores(values, axes, images, some).argmax(1) == truth[some]))
        for images in possible
    }
    majority = max(float(np.mean(truth[some] == label)) for label in range(axes.channels))
    best = max(agreement, key=lambda images: agreement[images])
    return best if agreement[best] > majority + MOST_OVER_MAJORITY else None


def _measure_roughness(axes: Axes, values: StoredArray, shape: tuple[int | None, ...]) -> float:
    """Return the share of neighbours with another label, along all axes of (images, *spatial)."""
    arranged = axes.arrange(np.ascontiguousarray(values))
    labels = arranged.argmax(axis=-1).reshape([size or 0 for size in shape])
    changes = [
        float(np.mean(np.diff(labels, axis=axis) != 0))
        for axis in range(1, labels.ndim)
        if labels.shape[axis] > 1
    ]
    return float(np.mean(changes)) if changes else 0.0
