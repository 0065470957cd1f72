"""Areas in pixels of each class in each image: in the masks, in the predictions, and in both."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.stats import Counts, PairCounts

MOST_KEPT = 2**22
"""Images times classes (100 MB of areas); beyond it nothing is kept for the next who asks."""

ROWS = 2**16
"""Rows of a table that are counted together: their columns stay in cache."""

Triple = tuple[Counts, Counts, Counts]
"""Truth, predicted and intersection, shape (images, classes) each."""


def class_areas(pairs: PairCounts, *, images: int, classes: int) -> Triple:
    """Return the areas of truth, prediction and intersection, shape (images, classes) each.

    Args:
        pairs: the label pairs of images 0 to `images` - 1; others than 0 to `classes` - 1 count
            on no side.
        images: number of rows.
        classes: number of columns.
    """
    if images * classes > MOST_KEPT:
        return _counted(pairs, images, classes)
    return pairs.once(("areas", images, classes), lambda: _frozen(_counted(pairs, images, classes)))


def _counted(pairs: PairCounts, images: int, classes: int) -> Triple:
    areas = tuple(np.zeros((images, classes), dtype=np.int64) for _ in range(3))
    spans = pairs.truth_span, pairs.prediction_span
    all_known = all(span[0] >= 0 and span[1] < classes for span in spans)
    for first in range(0, len(pairs.image), ROWS):
        some = slice(first, first + ROWS)
        part = PairCounts(*(getattr(pairs, field.name)[some] for field in fields(pairs)))
        least, most = int(part.image.min()), int(part.image.max())
        own = replace(part, image=part.image - least)
        counted = _of_few(own, most - least + 1, classes, all_known=all_known)
        for whole, more in zip(areas, counted, strict=True):
            whole[least : most + 1] += more
    return areas[0], areas[1], areas[2]


def _of_few(pairs: PairCounts, images: int, classes: int, *, all_known: bool) -> Triple:
    starts, right = pairs.truth_starts, np.flatnonzero(pairs.truth == pairs.prediction)

    def added(image: NDArray[np.int64], labels: NDArray[np.int64], count: Counts) -> Counts:
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


def _frozen(areas: Triple) -> Triple:
    for part in areas:
        part.flags.writeable = False
    return areas
