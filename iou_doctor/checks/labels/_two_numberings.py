"""Decide whether both arrays number objects, each in an order of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import is_far_better, list_labels_by_image
from iou_doctor.checks.labels._foreground import FEWEST_APART, are_apart, are_numbered_anew
from iou_doctor.checks.labels._instances import (
    FEWEST_EXAMINED,
    Objects,
    examine_objects,
    is_restarting_in_each_image,
)
from iou_doctor.checks.labels._overlaps import count_overlaps
from iou_doctor.checks.labels._raster_order import are_in_raster_order
from iou_doctor.checks.volumes import is_one_volume
from iou_doctor.repairs.repair import Repair, build_relabelling, join_repairs
from iou_doctor.repairs.step import Side

LARGEST_KEPT_SHARE = 0.3
"""Largest share of the objects' pixels whose number is the same in both arrays. Classes that a
model predicts at all agree more."""
LARGEST_SAME_SHARE = 0.7
"""The same for numbers that start again in each image. The first objects of an image often have the
same number in both arrays."""
FEWEST_IMAGES = 3
"""Minimum number of images in which they start again."""
MANY_IDS = 100
"""Or this many ids on both sides, none of which is in both of two images."""
FEWEST_PER_IMAGE = 5
"""Minimum number of objects in the fullest of them, if they touch."""
TWO_CLASSES = 2
LARGEST_CLEAR_SHARE = 0.5
"""Largest share of the objects' pixels whose number has one clear partner over several images.
Classes in another order have one, while numbers are given anew in each image."""


class NumberedTwice(NamedTuple):
    """The evidence that both arrays number objects."""

    masks: Objects
    predictions: Objects
    repair: Repair
    """Makes every object class 1 on both sides."""
    differ: bool
    """Whether most objects have another number on the other side."""
    is_harmful: bool
    """Whether most numbers differ, or are no class, so that the score by number says nothing."""


def find_objects_on_both_sides(evidence: Evidence) -> NumberedTwice | None:
    """Return the evidence that both arrays number objects; `None` if they do not."""
    sampled = evidence.sampled
    if sampled is None or not _are_labels(evidence):
        return None
    in_order = are_in_raster_order(sampled)
    if not in_order and not _may_be_numbers(evidence):
        return None
    fewest = FEWEST_APART if in_order else FEWEST_EXAMINED
    masks, predictions = (examine_objects(sampled, side, "", fewest) for side in Side)
    if not masks or not predictions:
        return None
    repair = _keep_foregrounds(evidence)
    differ = is_far_better(evidence, repair) or (not in_order and _are_beyond_two(evidence))
    is_harmful = differ or (in_order and _are_out_of_range(evidence))
    is_certain = is_harmful or (in_order and _are_own_numbers(evidence))
    if not is_certain:
        return None
    return NumberedTwice(masks, predictions, repair, differ=differ, is_harmful=is_harmful)


def _are_labels(evidence: Evidence) -> bool:
    """Return whether both arrays hold ids from 0."""
    layout, pairs = evidence.interpretation.layout, evidence.pairs
    if layout.y_true.is_per_class or layout.y_pred.is_per_class or layout.y_true.is_colour:
        return False
    return min(*pairs.count_truths(), *pairs.count_predictions()) >= 0


def _are_out_of_range(evidence: Evidence) -> bool:
    """Return whether an array numbers objects beyond the declared classes."""
    labels = (*evidence.pairs.count_truths(), *evidence.pairs.count_predictions())
    return max(labels) >= evidence.interpretation.num_classes


def _are_beyond_two(evidence: Evidence) -> bool:
    """Return whether two classes are declared, of which many ids cannot be another numbering."""
    interpretation = evidence.interpretation
    are_two = interpretation.num_classes_declared and interpretation.num_classes == TWO_CLASSES
    return are_two and _are_out_of_range(evidence)


def _are_own_numbers(evidence: Evidence) -> bool:
    """Return whether no classes can be numbered like this, whatever the score is."""
    if evidence.interpretation.layout.samples > 1:
        return all(_are_own_in_each_image(evidence, side) for side in Side)
    return len(evidence.pairs.count_truths()) > FEWEST_EXAMINED


def _may_be_numbers(evidence: Evidence) -> bool:
    """Return whether the counts allow that both arrays number objects.

    Over several images, classes in another order have a clear partner each, and numbers have none.
    A single image cannot tell them apart.
    """
    layout, pairs = evidence.interpretation.layout, evidence.pairs.pool()
    ids = pairs.count_truths(), pairs.count_predictions()
    pairs = pairs.keep_rows((pairs.truth > 0) & (pairs.prediction > 0))
    kept = pairs.keep_rows(pairs.truth == pairs.prediction).total
    if kept > LARGEST_SAME_SHARE * pairs.total:
        return False
    enough = layout.samples >= FEWEST_IMAGES or min(map(len, ids)) >= MANY_IDS
    if layout.samples > 1 and enough and all(_are_own_in_each_image(evidence, s) for s in Side):
        return True
    if min(map(len, ids)) < FEWEST_EXAMINED or kept > LARGEST_KEPT_SHARE * pairs.total:
        return False
    if layout.samples == 1 or _are_apart_in_one_volume(evidence):
        return True
    overlaps = count_overlaps(evidence)
    if overlaps is None:
        return True
    objects = overlaps.old > 0
    clear = overlaps.totals[objects & overlaps.is_clear].sum()
    return bool(clear <= LARGEST_CLEAR_SHARE * overlaps.totals[objects].sum())


def _are_apart_in_one_volume(evidence: Evidence) -> bool:
    """Return whether the images are the slices of one volume whose objects do not touch."""
    return is_one_volume(evidence) and not any(_do_touch(evidence, side) for side in Side)


def _are_own_in_each_image(evidence: Evidence, side: Side) -> bool:
    """Return whether the numbers of one array start again in each image, or never occur twice."""
    labels, in_image = list_labels_by_image(evidence, side)
    labels, in_image = labels[labels > 0], in_image[labels > 0]
    if not len(labels):
        return False
    if is_restarting_in_each_image(labels - labels.min() + 1, in_image, FEWEST_APART):
        fullest = np.unique(in_image, return_counts=True)[1].max()
        return bool(fullest >= FEWEST_PER_IMAGE) or not _do_touch(evidence, side)
    ids, images = np.unique(labels, return_counts=True)
    if len(ids) >= FEWEST_EXAMINED and images.max() == 1:
        return True
    return are_numbered_anew(evidence, side, labels, in_image)


def _do_touch(evidence: Evidence, side: Side) -> bool:
    """Return whether the objects of one array touch each other, as parts of one object do."""
    if evidence.sampled is None:
        return True
    maps = evidence.sampled.fine
    return not are_apart(maps.y_true if side is Side.MASKS else maps.y_pred)


def _keep_foregrounds(evidence: Evidence) -> Repair:
    """Return the repair that makes every object of both arrays class 1."""
    ignored = evidence.interpretation.ignore_index
    repairs = [
        build_relabelling(
            f"{side} > 0",
            side=side,
            table={label: 1 for label in labels if label > 1 and label != ignored},
            safe=False,
        )
        for side, labels in (
            (Side.MASKS, evidence.pairs.count_truths()),
            (Side.PREDICTIONS, evidence.pairs.count_predictions()),
        )
    ]
    return join_repairs("masks > 0 and predictions > 0", repairs, num_classes=2)
