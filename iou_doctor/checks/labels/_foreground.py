"""Decide whether one array numbers objects while the other only tells object from background."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.white_masks import WHITE
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import list_labels_by_image
from iou_doctor.checks.labels._instances import (
    FEWEST_EXAMINED,
    FEWEST_IDS,
    LEAST_WITHOUT_GAPS,
    NO_MAPS,
    Objects,
    examine_maps,
    examine_objects,
    is_restarting_in_each_image,
)
from iou_doctor.checks.unknown_labels import NO_DATA_LABELS
from iou_doctor.checks.volumes import is_one_volume
from iou_doctor.counts.map_samples import InterpretedProbe, Labels
from iou_doctor.repairs.repair import Repair, build_relabelling, join_repairs
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Skipped

FEWEST_PER_IMAGE = 5
"""Minimum number of objects in the fullest image. Pictures of a data set with 20 classes show two
or three of them."""
FEWEST_APART = 3
"""Or this many, if the objects do not touch. Stages of a tumour and parts of an organ touch."""
LEAST_APART = 0.8
"""Minimum ratio of separate regions to objects that do not touch."""
LEAST_FOUND = 0.5
"""Minimum share of the objects' pixels that the other array takes for the object. A model that
predicts one class of many does not find the others."""
LEAST_CONNECTED_IN_VOLUME = 0.8
"""Minimum share of the objects of a volume that are one connected region. Of large volumes, some
slices are kept, which tears thin parts off: 0.86 to 0.89 are connected then."""
VOLUME_AXES = 3
FEWEST_IMAGES = 3
"""Minimum number of images that show that no id occurs twice."""


def find_objects_beside_foreground(evidence: Evidence, side: Side) -> Objects | Skipped | None:
    """Examine whether the ids of one array are objects; `None` if they are not.

    Args:
        evidence: the facts.
        side: the array whose ids may be objects. The other one holds 0 and 1, or a few classes.
    """
    if not _is_beside_foreground(evidence, side):
        return None
    labels, in_image = list_labels_by_image(evidence, side)
    objects = (labels > 0) & (labels < 2**31)
    labels, in_image = labels[objects], in_image[objects]
    fullest = int(np.unique(in_image, return_counts=True)[1].max())
    pattern = _find_pattern(labels, in_image, fullest)
    if pattern is None and are_numbered_anew(evidence, side, labels, in_image):
        pattern = "the same numbers in each image, each in another place"
    numbered: Objects | None = None
    if pattern is not None:
        if evidence.sampled is None:
            return Skipped(NO_MAPS)
        if fullest >= FEWEST_PER_IMAGE or are_apart(_get_maps(evidence.sampled, side)):
            numbered = examine_objects(evidence.sampled, side, pattern)
    if numbered is None and _are_numbers_in_a_volume(evidence, labels):
        return (
            Skipped(NO_MAPS)
            if evidence.sampled is None
            else _examine_volume(evidence.sampled, side)
        )
    return numbered


def _examine_volume(sampled: InterpretedProbe, side: Side) -> Objects | None:
    """Examine the ids of one volume. A slice may cut an object that is not round into parts."""
    maps, pattern = _get_maps(sampled, side), "objects of one volume, numbered from 1"
    objects = None
    if are_apart(maps):
        objects = examine_objects(sampled, side, pattern, FEWEST_PER_IMAGE)
    if objects is not None or len({labels.shape for labels in maps}) > 1:
        return objects
    volume = maps[0] if maps[0].ndim == VOLUME_AXES else np.stack(maps)
    if not are_apart([volume]):
        return None
    return examine_maps([[volume]], pattern, FEWEST_PER_IMAGE, LEAST_CONNECTED_IN_VOLUME)


def _get_maps(sampled: InterpretedProbe, side: Side) -> Sequence[Labels]:
    return sampled.fine.y_true if side is Side.MASKS else sampled.fine.y_pred


def keep_foreground(evidence: Evidence, side: Side) -> Repair | None:
    """Return the repair that makes every object class 1; `None` if there are more classes.

    Args:
        evidence: the facts.
        side: the array that numbers objects.
    """
    pairs, other_side = evidence.pairs, Side.PREDICTIONS
    own, other = pairs.count_truths(), pairs.count_predictions()
    if side is Side.PREDICTIONS:
        own, other, other_side = other, own, Side.MASKS
    is_white = other.keys() == {0, WHITE}
    if evidence.interpretation.num_classes != 2 and not (is_white or other.keys() <= {0, 1}):
        return None
    tables = {side: {label: 1 for label in _list_objects(evidence, own) if label != 1}}
    if is_white and not evidence.has_found("masks-0-255"):
        tables[other_side] = {WHITE: 1}
    repairs = [
        build_relabelling(f"{changed} > 0", side=changed, table=table, safe=False)
        for changed, table in tables.items()
    ]
    name = " and ".join(repair.name for repair in repairs)
    return join_repairs(name, repairs, num_classes=2)


def write_foreground(side: Side, repair: Repair | None) -> str:
    """Return the code that makes every object true, in the arrays that hold other labels.

    Args:
        side: the array that numbers objects.
        repair: what `keep_foreground` returns. Without a repair, masks of classes change, too.
    """
    sides = [step.side for step in repair.steps] if repair else [side, Side.MASKS]
    return "; ".join(f"{changed} = {changed} > 0" for changed in dict.fromkeys(sides))


def _list_objects(evidence: Evidence, labels: Collection[int]) -> list[int]:
    """Return the labels that are objects: neither background nor void."""
    no_object = {*NO_DATA_LABELS, evidence.interpretation.ignore_index}
    # 255 is void unless the objects are counted beyond it
    no_object |= {WHITE} - {label + 1 for label in labels}
    return [label for label in labels if 0 < label < 2**31 and label not in no_object]


def are_numbered_anew(
    evidence: Evidence, side: Side, labels: NDArray[np.int64], in_image: NDArray[np.int64]
) -> bool:
    """Return whether each of several images has objects 1..n, which lie elsewhere in each.

    Args:
        evidence: the facts.
        side: the array.
        labels: the distinct labels above 0 of each of its images.
        in_image: the image of each of these.
    """
    images, counts = np.unique(in_image, return_counts=True)
    most = int(labels.max())
    if evidence.sampled is None or len(images) < 2 or counts.min() < LEAST_WITHOUT_GAPS * most:
        return False
    maps = evidence.sampled.fine
    from iou_doctor.checks.labels._places_of_ids import lie_in_other_places

    return lie_in_other_places(maps.y_true if side is Side.MASKS else maps.y_pred)


def _are_numbers_in_a_volume(evidence: Evidence, labels: NDArray[np.int64]) -> bool:
    """Return whether the arrays are one volume, perhaps in slices, whose ids are 1..n."""
    ids, layout = np.unique(labels), evidence.interpretation.layout
    if not len(ids) == ids[-1] >= FEWEST_PER_IMAGE:
        return False
    is_volume = layout.samples == 1 and len(layout.y_true.spatial_shape) == VOLUME_AXES
    return is_volume or is_one_volume(evidence)


def _is_beside_foreground(evidence: Evidence, side: Side) -> bool:
    """Return whether the other array holds a few classes, and not 0 in most pixels of the ids."""
    interpretation = evidence.interpretation
    own, other = (interpretation.y_true, interpretation.y_pred)[:: 1 if side is Side.MASKS else -1]
    if own.is_dense or (other.is_dense and interpretation.num_classes > 2):
        return False
    pairs = evidence.pairs.pool()
    ids, classes = pairs.count_truths(), pairs.count_predictions()
    if side is Side.PREDICTIONS:
        ids, classes = classes, ids
    if not classes.keys() & {1, WHITE} or len(ids) <= FEWEST_APART:
        return False
    numbers = pairs.truth if side is Side.MASKS else pairs.prediction
    inside = pairs.keep_rows((numbers > 0) & (numbers < 2**31))
    met = inside.truth if side is Side.PREDICTIONS else inside.prediction
    return inside.keep_rows(met > 0).total >= LEAST_FOUND * inside.total > 0


def _find_pattern(
    labels: NDArray[np.int64], in_image: NDArray[np.int64], fullest: int
) -> str | None:
    """Return how objects are numbered; `None` if the ids may be classes."""
    first = int(labels.min())
    if is_restarting_in_each_image(labels - first + 1, in_image, FEWEST_APART):
        return "numbers that start again in each image"
    ids, images = np.unique(labels, return_counts=True)
    several = len(np.unique(in_image)) >= FEWEST_IMAGES
    if several and len(ids) >= FEWEST_EXAMINED and images.max() == 1:
        return "ids of their own in each image"
    return (
        "as many ids as objects" if fullest >= FEWEST_PER_IMAGE and len(ids) >= FEWEST_IDS else None
    )


def are_apart(maps: Iterable[Labels]) -> bool:
    """Return whether nearly each object is a region of its own."""
    from scipy import ndimage

    objects = regions = 0
    for labels in maps:
        objects += len(np.unique(labels[labels > 0]))
        regions += ndimage.label(labels > 0)[1]
    return regions >= LEAST_APART * objects
