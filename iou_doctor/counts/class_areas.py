"""Areas in pixels of each class in each image: in the masks, in the predictions, and in both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.integer_storage import DTYPES, as_int64, choose_dtype
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.sorted_rows import Counts

MOST_CACHED = 2**24
"""Images times classes (100 MB of areas of small images); beyond it nothing is kept for the next
who asks."""
MANY_AREAS = 2**17
"""Images times classes from which on areas are stored in few bytes: below, they are 3 MB."""

ClassAreas = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Truth, predicted and intersection, whole numbers of shape (images, classes) each."""


def count_class_areas(pairs: PairCounts, *, images: int, classes: int) -> ClassAreas:
    """Return the areas of truth, prediction and intersection, shape (images, classes) each.

    They are int64; of many images, of one of the narrower `integer_storage.DTYPES`.

    Args:
        pairs: the label pairs of images 0 to `images` - 1; others than 0 to `classes` - 1 count
            on no side.
        images: number of rows.
        classes: number of columns.
    """
    if images * classes > MOST_CACHED:
        return _counted(pairs, images, classes)
    return pairs.cached(
        ("areas", images, classes), lambda: _frozen(_counted(pairs, images, classes))
    )


def iterate_class_areas(pairs: PairCounts, *, images: int, classes: int) -> Iterator[ClassAreas]:
    """Yield the areas as int64, those of some images at a time, in order."""
    step = max(1, MANY_AREAS // max(1, classes))
    areas = count_class_areas(pairs, images=images, classes=classes)
    for first in range(0, images, step):
        truth, predicted, intersection = (as_int64(part[first : first + step]) for part in areas)
        yield truth, predicted, intersection


def _counted(pairs: PairCounts, images: int, classes: int) -> ClassAreas:
    dtype = _dtype(pairs) if images > max(1, MANY_AREAS // max(1, classes)) else DTYPES[-1]
    areas = tuple(np.zeros((images, classes), dtype=dtype) for _ in range(3))
    spans = pairs.truth_span, pairs.prediction_span
    all_known = all(span[0] >= 0 and span[1] < classes for span in spans)
    for block in pairs.iterate_blocks():
        least, most = block.image_span
        own = block.replace(image=block.image - least)
        counted = _of_few(own, most - least + 1, classes, all_known=all_known)
        for whole, some in zip(areas, counted, strict=True):
            whole[least : most + 1] = some
    return areas[0], areas[1], areas[2]


def _dtype(pairs: PairCounts) -> np.dtype[Any]:
    """Return the narrowest dtype that holds the pixels of each image."""
    pixels = (np.add.reduceat(block.count, block.image_starts) for block in pairs.iterate_blocks())
    return choose_dtype(0, max(int(some.max(initial=0)) for some in pixels))


def _of_few(pairs: PairCounts, images: int, classes: int, *, all_known: bool) -> ClassAreas:
    starts, right = pairs.truth_starts, np.flatnonzero(pairs.truth == pairs.prediction)

    def added(image: NDArray[np.int64], labels: NDArray[np.int64], count: Counts) -> NDArray[Any]:
        if not all_known:
            known = (labels >= 0) & (labels < classes)
            image, labels, count = image[known], labels[known], count[known]
        # float64 adds whole numbers exactly up to 2 ** 53
        totals = np.bincount(image * classes + labels, weights=count, minlength=images * classes)
        return totals.astype(np.int64).reshape(images, classes)

    return (
        added(pairs.image[starts], pairs.truth[starts], np.add.reduceat(pairs.count, starts)),
        added(pairs.image, pairs.prediction, pairs.count),
        added(pairs.image[right], pairs.truth[right], pairs.count[right]),
    )


def _frozen(areas: ClassAreas) -> ClassAreas:
    for part in areas:
        part.flags.writeable = False
    return areas
