"""How far the mean IoU would move with other images of the same kind: a bootstrap interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import iterate_class_areas
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

DRAWS = 2000
"""Data sets that are drawn from the images, with replacement."""
DRAWS_AT_ONCE = 100
"""Draws that are computed together, which bounds memory and keeps it in the cache."""
MOST_GROUPS = 1024
"""The maximum number of groups that are drawn. More images are put into groups at random, which
gives the same spread and bounds the time."""
CONFIDENCE = 0.95
FEW_IMAGES = 50
"""Number of images below which the interval is only rough."""
SEED = 0x9E3779B97F4A7C15
"""The step of the random numbers, from Steele et al., "Fast splittable pseudorandom number
generators" (SplitMix64). To import `numpy.random` would take a tenth of a small check."""


@record
class Interval:
    """Between which values the mean IoU lies in most of the drawn data sets."""

    confidence: float
    low: float
    high: float
    images: int
    """The number of images with a counted pixel."""
    method: str = f"bootstrap-{DRAWS}"

    @property
    def is_rough(self) -> bool:
        """Whether there are too few images for the interval to be more than a rough one."""
        return self.images < FEW_IMAGES


def estimate_interval(
    pairs: PairCounts,
    *,
    num_classes: int,
    ignore_index: int | None,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """Return the percentile interval of the mean IoU; `None` for fewer than two images.

    Each draw takes as many images as there are, with replacement, and computes the mean IoU of all
    of them together. The same table gives the same interval.

    Args:
        pairs: the counts of label pairs of each image.
        num_classes: the number of classes; they are 0 to `num_classes` - 1.
        ignore_index: the ignore label, if any.
        confidence: the share of the draws that the interval holds.
    """
    known = pairs if ignore_index is None else pairs.drop_truth(ignore_index)
    counted = known.drop_out_of_range(num_classes)
    images = count_images(counted)
    if images < 2:
        return None
    span = counted.image_span[1] + 1
    areas = group_areas(counted, num_classes, images=span, ignore_index=ignore_index)
    low, high = take_quantiles(draw_means(areas[:, areas[0].any(axis=1)]), confidence)
    return Interval(confidence, low, high, images)


def count_images(counted: PairCounts) -> int:
    """Return the number of images that occur in a table."""
    return sum(len(block.image_starts) for block in counted.iterate_blocks())


def take_quantiles(means: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """Return between which values a share of the drawn means lies, shape (DRAWS,).

    `np.quantile` does the same, and takes longer to load than a small check takes to count.
    """
    tail = (1 - confidence) / 2
    low, high = np.interp([tail, 1 - tail], np.linspace(0, 1, DRAWS), np.sort(means)).tolist()
    return low, high


def group_areas(
    counted: PairCounts, classes: int, *, images: int, ignore_index: int | None
) -> NDArray[np.int64]:
    """Return the areas of union and intersection of each image or group of images.

    Args:
        counted: the label pairs that the score counts.
        classes: the number of classes.
        images: the number of images, which decides on their groups.
        ignore_index: the ignore label, if any.

    Returns:
        Shape (2, groups, classes).
    """
    grouped = np.zeros((2, min(images, MOST_GROUPS), classes), dtype=np.int64)
    first = 0
    for truth, predicted, intersection in iterate_class_areas(
        counted, images=images, classes=classes
    ):
        areas = np.stack([truth + predicted - intersection, intersection])
        number = np.arange(first, first + len(truth))
        group = _draw(len(truth), MOST_GROUPS, first=first) if images > MOST_GROUPS else number
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        grouped[:, group[order][starts]] += np.add.reduceat(areas[:, order], starts, axis=1)
        first += len(truth)
    if ignore_index is not None and 0 <= ignore_index < classes:
        grouped[:, :, ignore_index] = 0
    return grouped


def draw_means(areas: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean IoU of each drawn data set, shape (DRAWS,).

    The same groups are drawn for all areas with the same number of groups, shape (2, groups,
    classes).
    """
    groups, means = areas.shape[1], []
    for start in range(0, DRAWS, DRAWS_AT_ONCE):
        drawn = _draw(DRAWS_AT_ONCE * groups, groups, first=start * groups)
        keys = drawn + np.arange(DRAWS_AT_ONCE).repeat(groups) * groups
        times = np.bincount(keys, minlength=DRAWS_AT_ONCE * groups).reshape(-1, groups)
        # sums of integers below 2 ** 53 are exact, so that every machine gives the same
        union, intersection = (times.astype(np.float64) @ part.astype(np.float64) for part in areas)
        iou = intersection / np.maximum(union, 1)
        means.append(iou.sum(axis=1) / np.maximum((union > 0).sum(axis=1), 1))
    return np.concatenate(means)


def _draw(count: int, below: int, *, first: int = 0) -> NDArray[np.int64]:
    """Return random integers from 0 to `below` - 1, the same ones every time.

    Args:
        count: how many.
        below: at most 2 ** 32.
        first: the place in the sequence from which they are taken.
    """
    state = np.arange(first + 1, first + count + 1, dtype=np.uint64) * np.uint64(SEED)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return ((state >> np.uint64(32)) * np.uint64(below) >> np.uint64(32)).astype(np.int64)
