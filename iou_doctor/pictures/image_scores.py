"""Score each image alone, and name those that lie below the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iou_doctor.counts.class_areas import iterate_class_areas
from iou_doctor.ledger.counted import Counted
from iou_doctor.metrics.score import compute_iou
from iou_doctor.report.gallery import ImageScores

MOST_NAMED = 5
"""The number of images that are named."""
WHISKER = 1.5
"""How many interquartile ranges below the lower quartile an outlier begins, as in a box plot."""


def score_all_images(counted: Counted, name_sample: Callable[[int], str]) -> ImageScores | None:
    """Return the mean IoU of each image; `None` if no image has one.

    Args:
        counted: the label pairs.
        name_sample: returns the name of an image.
    """
    pairs, classes = counted.scored, len(counted.score.per_class)
    images = pairs.image_span[1] + 1
    if images <= 0:
        return None
    means = []
    for areas in iterate_class_areas(pairs, images=images, classes=classes):
        iou = compute_iou(*areas, ignore_index=counted.ignore_index)
        known = (~np.isnan(iou)).sum(axis=1)
        sums = np.nan_to_num(iou).sum(axis=1)
        means.append(np.divide(sums, known, out=np.full(len(iou), np.nan), where=known > 0))
    scores = np.concatenate(means)
    samples = np.flatnonzero(~np.isnan(scores))
    values = scores[samples]
    if not len(samples):
        return None
    order = np.lexsort((samples, values))
    first, third = np.quantile(values, (0.25, 0.75))
    outliers = order[values[order] < first - WHISKER * (third - first)]
    named = outliers if len(outliers) else order
    return ImageScores(
        samples,
        values,
        tuple(
            (name_sample(int(samples[at])), int(samples[at]), float(values[at]))
            for at in named[:MOST_NAMED]
        ),
        has_outliers=bool(len(outliers)),
    )
