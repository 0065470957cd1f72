"""Whether the labels of the masks are objects: many, few to an image, one blob each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import count_class_ids, list_labels_by_image
from iou_doctor.counts.map_samples import LabelMaps
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Skipped

FEWEST_IDS = 30
"""Distinct ids in all; data sets with more classes than that repeat them from image to image."""
LARGEST_SHARE_REPEATED = 0.1
"""Of the ids, in two images or more, where each object of the data set has its own."""
FEWEST_IN_AN_IMAGE = 10
"""Objects in the fullest image, where numbers start again in each image."""
LEAST_WITHOUT_GAPS = 0.9
"""Of 1..n in each image; small objects get lost when masks are resized."""
LEAST_WRAPPED_IDS = 200
"""Of 256: larger numbers cut to 8 bits fill nearly all of them."""
LEAST_ONE_BLOB = 0.9
"""Of the ids looked at; an object may be cut in two by another one in front of it."""
FEWEST_LOOKED_AT = 20
"""Ids with enough pixels; fewer prove nothing."""
FEWEST_PIXELS = 6
"""Of an id in a kept map. Smaller ones are one blob, or two, by chance."""
IDS_TO_A_CLASS = 5
"""The ids must be more than this many times `num_classes`: a few too many are classes."""


class Objects(NamedTuple):
    """Ids of the kept maps that were tried, and how many are one blob."""

    looked_at: int
    blobs: int
    pattern: str
    """How the numbers run, as a phrase."""


def numbered_objects(evidence: Evidence) -> Objects | Skipped | None:
    """Return what shows that the truth ids are objects; `None` where they are not."""
    if evidence.has_found("colour-masks", "palette-read-as-grey", "jpeg-masks", "stretched-labels"):
        return None
    pattern = _pattern(evidence)
    if pattern is None:
        return None
    if evidence.sampled is None or evidence.sampled.axes != 2:
        return Skipped("no maps of two axes are kept, so blobs cannot be told")
    maps = evidence.sampled.fine if len(evidence.sampled.fine.samples) else evidence.sampled.crops
    looked_at, blobs = _one_blob(maps)
    if looked_at < FEWEST_LOOKED_AT or blobs < LEAST_ONE_BLOB * looked_at:
        return None
    return Objects(looked_at, blobs, pattern)


def _pattern(evidence: Evidence) -> str | None:
    """Return how the ids run; `None` where they may be classes."""
    classes = evidence.interpretation.num_classes
    if (
        not evidence.interpretation.num_classes_declared
        and not evidence.interpretation.y_pred.is_dense
    ):
        classes = max(count_class_ids(evidence, Side.PREDICTIONS), default=0) + 1
    labels, in_image = list_labels_by_image(evidence)
    objects = (labels > 0) & (labels < 2**31)
    labels, in_image = labels[objects], in_image[objects]
    ids, images = np.unique(labels, return_counts=True)
    predicted = evidence.pairs.pooled().prediction_counts()
    if len(ids) < IDS_TO_A_CLASS * classes or any(label >= classes for label in predicted):
        return None
    if len(ids) >= LEAST_WRAPPED_IDS and evidence.pair.y_true.dtype == np.uint8:
        return "numbers cut to 8 bits"
    repeated = (images > 1).sum()
    several = len(np.unique(in_image)) > 2
    if several and len(ids) >= FEWEST_IDS and repeated <= LARGEST_SHARE_REPEATED * len(ids):
        return "ids of their own in each image"
    return "numbers that start again in each image" if _restart(labels, in_image) else None


def _restart(labels: NDArray[np.int64], in_image: NDArray[np.int64]) -> bool:
    """Return whether each image has 1..n, with another n: classes do not come so."""
    images, starts, counts = np.unique(in_image, return_index=True, return_counts=True)
    largest = np.maximum.reduceat(labels, starts)
    return bool(
        len(images) > 1
        and len(set(largest.tolist())) > 1
        and largest.max() >= FEWEST_IN_AN_IMAGE
        and (counts >= LEAST_WITHOUT_GAPS * largest).all()
    )


def _one_blob(maps: LabelMaps) -> tuple[int, int]:
    """Return how many ids of the maps have enough pixels, and how many are one blob."""
    from scipy import ndimage

    looked_at = blobs = 0
    for labels in maps.y_true:
        ids, counts = np.unique(labels[labels > 0], return_counts=True)
        boxes = ndimage.find_objects(np.searchsorted(ids, labels) * (labels > 0) + (labels > 0))
        for label, count, box in zip(ids, counts, boxes, strict=False):
            if count < FEWEST_PIXELS or box is None:
                continue
            looked_at += 1
            blobs += ndimage.label(labels[box] == label, np.ones((3, 3)))[1] == 1
    return looked_at, blobs
