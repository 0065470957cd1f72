"""Decide whether labels are instance ids: many ids, each a single object in its image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import count_class_ids, list_labels_by_image
from iou_doctor.counts.map_samples import InterpretedProbe, Labels
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Skipped

FEWEST_IDS = 30
"""Minimum number of distinct ids in the whole data set. A data set with more classes than this
repeats them from image to image.
"""
LARGEST_SHARE_REPEATED = 0.1
"""Largest share of the ids that may occur in two images or more, in a data set in which each object
has an id of its own."""
FEWEST_IN_AN_IMAGE = 10
"""Minimum number of objects in the fullest image, in a data set whose numbers start again in each
image.
"""
LEAST_WITHOUT_GAPS = 0.9
"""Minimum share of the numbers 1..n that each image must hold. Resizing masks loses small objects.
"""
LEAST_WRAPPED_IDS = 200
"""Minimum number of distinct 8-bit ids. Larger numbers cut to 8 bits fill nearly all of the 256
values.
"""
LEAST_CONNECTED = 0.9
"""Minimum share of the examined ids that form one connected region. An object in the foreground may
cut another object in two."""
FEWEST_EXAMINED = 20
"""Minimum number of ids with enough pixels. Fewer ids prove nothing."""
FEWEST_OBJECT_PIXELS = 6
"""Minimum number of pixels of an id in a kept map. Whether a smaller one is connected is chance."""
NO_MAPS = "no label maps were kept, so objects cannot be recognised"
IDS_PER_CLASS = 5
"""The number of ids must be at least this many times `num_classes`. A smaller excess is more
likely a `num_classes` that is too small."""


class Objects(NamedTuple):
    """The evidence that the ids of the masks are objects."""

    examined: int
    """Ids in the kept maps with enough pixels to be examined."""
    connected: int
    """Examined ids that form one connected region."""
    pattern: str
    """How the objects are numbered, as a phrase."""


def find_numbered_objects(evidence: Evidence) -> Objects | Skipped | None:
    """Examine whether the truth labels are objects; return `None` if they are not."""
    pattern = _find_pattern(evidence)
    if pattern is None:
        return None
    if evidence.sampled is None:
        return Skipped(NO_MAPS)
    return examine_objects(evidence.sampled, Side.MASKS, pattern)


def examine_objects(
    sampled: InterpretedProbe, side: Side, pattern: str, fewest: int = FEWEST_EXAMINED
) -> Objects | None:
    """Return the evidence that each id of one array is one object; `None` if it is not."""
    scales = (sampled.fine, sampled.crops)
    return examine_maps(
        [maps.y_true if side is Side.MASKS else maps.y_pred for maps in scales], pattern, fewest
    )


def examine_maps(
    scales: Iterable[Iterable[Labels]],
    pattern: str,
    fewest: int = FEWEST_EXAMINED,
    least: float = LEAST_CONNECTED,
) -> Objects | None:
    """Return the evidence that nearly each id of the maps, at one of the scales, is one object."""
    examined, connected = max(map(_count_connected, scales))
    if examined < fewest or connected < least * examined:
        return None
    return Objects(examined, connected, pattern)


def _find_pattern(evidence: Evidence) -> str | None:
    """Return how the ids are numbered; `None` if they may be classes."""
    classes = _count_classes(evidence)
    labels, in_image = list_labels_by_image(evidence)
    objects = (labels > 0) & (labels < 2**31)
    labels, in_image = labels[objects], in_image[objects]
    ids, images = np.unique(labels, return_counts=True)
    predicted = evidence.pairs.pool().count_predictions()
    if len(ids) < IDS_PER_CLASS * classes or any(label >= classes for label in predicted):
        return None
    if len(ids) >= LEAST_WRAPPED_IDS and evidence.pair.y_true.dtype == np.uint8:
        return "numbers cut to 8 bits"
    repeated = (images > 1).sum()
    several = len(np.unique(in_image)) > 2
    if several and len(ids) >= FEWEST_IDS and repeated <= LARGEST_SHARE_REPEATED * len(ids):
        return "ids of their own in each image"
    if is_restarting_in_each_image(labels, in_image):
        return "numbers that start again in each image"
    return None


def _count_classes(evidence: Evidence) -> int:
    """Return the number of classes; that of the predicted labels if it was only guessed."""
    interpretation = evidence.interpretation
    if interpretation.num_classes_declared or interpretation.y_pred.is_dense:
        return interpretation.num_classes
    return max(count_class_ids(evidence, Side.PREDICTIONS), default=0) + 1


def is_restarting_in_each_image(
    labels: NDArray[np.int64], in_image: NDArray[np.int64], fewest: int = FEWEST_IN_AN_IMAGE
) -> bool:
    """Return whether each image holds 1..n with an n of its own, as no set of classes does."""
    images, starts, counts = np.unique(in_image, return_index=True, return_counts=True)
    largest = np.maximum.reduceat(labels, starts)
    return bool(
        len(images) > 1
        and len(set(largest.tolist())) > 1
        and largest.max() >= fewest
        and (counts >= LEAST_WITHOUT_GAPS * largest).all()
    )


def _count_connected(maps: Iterable[Labels]) -> tuple[int, int]:
    """Return how many ids of the maps have enough pixels, and how many of these are connected."""
    from scipy import ndimage

    examined = connected = 0
    for labels in maps:
        ids, counts = np.unique(labels[labels > 0], return_counts=True)
        boxes = ndimage.find_objects(np.searchsorted(ids, labels) * (labels > 0) + (labels > 0))
        neighbours = np.ones((3,) * labels.ndim)
        for label, count, box in zip(ids, counts, boxes, strict=False):
            if count < FEWEST_OBJECT_PIXELS or box is None:
                continue
            examined += 1
            connected += ndimage.label(labels[box] == label, neighbours)[1] == 1
    return examined, connected
