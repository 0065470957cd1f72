"""Means of the IoU over images and over classes, which large objects do not dominate.

Wang et al., "Revisiting Evaluation Metrics for Semantic Segmentation: Optimization and Evaluation
of Fine-grained Intersection over Union" (NeurIPS 2023). Each image has an IoU for each class that
its mask holds.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from iou_doctor.counts.class_areas import iterate_class_areas
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.score import compute_iou
from iou_doctor.record import record

WORST = 0.1
"""The share of the images in the mean of the worst."""


@record
class FineGrained:
    """Other means of the same label pairs."""

    images: float
    """mIoU^I: the mean over the classes of each image, then over the images."""
    classes: float
    """mIoU^C: the mean over the images of each class, then over the classes."""
    worst_tenth: float
    """The mean of the tenth of the images that score lowest."""
    boundary: float | None = None
    """The boundary IoU; `None` if it was not measured."""
    lacks_boundary: Literal["shape", "thin", "model", "labels", "parts"] | None = None
    """Why it was not measured, although it was asked for: the arrays are neither images nor
    volumes, volumes are so thin that they are all band, a model would have to predict once more, a
    repair gives one label several classes, or parts lack it."""


def compute_fine_grained(
    pairs: PairCounts, *, num_classes: int, ignore_index: int | None
) -> FineGrained | None:
    """Return the means over images and classes; `None` if no mask holds a class.

    Args:
        pairs: the counts of label pairs of each image.
        num_classes: the number of classes; they are 0 to `num_classes` - 1.
        ignore_index: the ignore label, if any.
    """
    counted = pairs.keep_counted(num_classes, ignore_index)
    means, sums, counts = [], np.zeros(num_classes), np.zeros(num_classes, dtype=np.int64)
    for truth, predicted, intersection in iterate_class_areas(
        counted, images=counted.image_span[1] + 1, classes=num_classes
    ):
        iou = compute_iou(truth, predicted, intersection, ignore_index=ignore_index)
        known = (truth > 0) & ~np.isnan(iou)
        iou = np.where(known, iou, 0.0)
        some = known.any(axis=1)
        means.append(iou[some].sum(axis=1) / known[some].sum(axis=1))
        sums += iou.sum(axis=0)
        counts += known.sum(axis=0)
    images = np.sort(np.concatenate(means)) if means else np.zeros(0)
    if not len(images):
        return None
    classes = counts > 0
    return FineGrained(
        images=float(images.mean()),
        classes=float((sums[classes] / counts[classes]).mean()),
        worst_tenth=float(images[: max(1, int(WORST * len(images)))].mean()),
    )
