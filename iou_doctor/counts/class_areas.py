"""Count the pixels of each class in each image: in the masks, in the predictions and in both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.integer_storage import DTYPES, as_int64, choose_dtype
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.sorted_rows import Counts

MOST_CACHED = 2**24
"""Images times classes up to which the areas are cached: 100 MB for small images."""
MANY_AREAS = 2**17
"""Images times classes from which areas are stored in a narrow dtype. Below, int64 takes 3 MB."""

ClassAreas = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]
"""The pixels of truth, prediction and intersection, shape (images, classes) each."""


def count_class_areas(pairs: PairCounts, *, images: int, classes: int) -> ClassAreas:
    """Return the areas of truth, prediction and intersection, shape (images, classes) each.

    Their dtype is int64, or one of the narrower `integer_storage.DTYPES` if there are many.

    Args:
        pairs: the label pairs of images 0 to `images` - 1. Labels outside 0 to `classes` - 1 are
            left out on their own side.
        images: the number of rows.
        classes: the number of columns.
    """
    if images * classes > MOST_CACHED:
        return _count(pairs, images, classes)
    return pairs.cached(("areas", images, classes), lambda: _freeze(_count(pairs, images, classes)))


def iterate_class_areas(
    pairs: PairCounts, *, images: int, classes: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the areas of some images at a time, in order, as int64."""
    step = max(1, MANY_AREAS // max(1, classes))
    areas = count_class_areas(pairs, images=images, classes=classes)
    for first in range(0, images, step):
        truth, predicted, intersection = (as_int64(part[first : first + step]) for part in areas)
        yield truth, predicted, intersection


def _count(pairs: PairCounts, images: int, classes: int) -> ClassAreas:
    many = images > max(1, MANY_AREAS // max(1, classes))
    dtype = _choose_area_dtype(pairs) if many else DTYPES[-1]
    areas = tuple(np.zeros((images, classes), dtype=dtype) for _ in range(3))
    spans = pairs.truth_span, pairs.prediction_span
    all_known = all(span[0] >= 0 and span[1] < classes for span in spans)
    for block in pairs.iterate_blocks():
        least, most = block.image_span
        own = block.replace(image=block.image - least)
        counted = _count_few(own, most - least + 1, classes, all_known=all_known)
        for whole, some in zip(areas, counted, strict=True):
            whole[least : most + 1] = some
    return areas[0], areas[1], areas[2]


def _choose_area_dtype(pairs: PairCounts) -> np.dtype[np.integer]:
    """Return the narrowest dtype that holds the number of pixels of every image."""
    pixels = (np.add.reduceat(block.count, block.image_starts) for block in pairs.iterate_blocks())
    return choose_dtype(0, max(int(some.max(initial=0)) for some in pixels))


def _count_few(pairs: PairCounts, images: int, classes: int, *, all_known: bool) -> ClassAreas:
    """Return the areas of a table that is small enough to be decoded at once.

    Args:
        pairs: the label pairs of images 0 to `images` - 1.
        images: the number of rows.
        classes: the number of columns.
        all_known: whether all labels lie in 0 to `classes` - 1.
    """
    starts, right = pairs.truth_starts, np.flatnonzero(pairs.truth == pairs.prediction)

    def add_up(
        image: NDArray[np.int64], labels: NDArray[np.int64], count: Counts
    ) -> NDArray[np.int64]:
        if not all_known:
            known = (labels >= 0) & (labels < classes)
            image, labels, count = image[known], labels[known], count[known]
        # float64 sums integers exactly up to 2 ** 53
        totals = np.bincount(image * classes + labels, weights=count, minlength=images * classes)
        return totals.astype(np.int64).reshape(images, classes)

    return (
        add_up(pairs.image[starts], pairs.truth[starts], np.add.reduceat(pairs.count, starts)),
        add_up(pairs.image, pairs.prediction, pairs.count),
        add_up(pairs.image[right], pairs.truth[right], pairs.count[right]),
    )


def _freeze(areas: ClassAreas) -> ClassAreas:
    for part in areas:
        part.flags.writeable = False
    return areas
