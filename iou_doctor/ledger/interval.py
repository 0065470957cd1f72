"""How far scores would move with other images of the same kind: bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.ledger.draws import draw_integers
from iou_doctor.ledger.image_areas import ImageAreas
from iou_doctor.record import record
from iou_doctor.scan.native.draw_groups import draw_groups
from iou_doctor.scan.native.library import load_kernels

DRAWS = 2000
"""Data sets that are drawn from the images, with replacement."""
DRAWN_AT_ONCE = 2**15
"""Images that are drawn together, which bounds memory and keeps it in the cache."""
CONFIDENCE = 0.95
CONFIDENCE_BOUNDS = 0.5, 0.999
"""The least and the greatest confidence: one draw lies beyond either end of the greatest."""
FEW_IMAGES = 50
"""Number of images below which the interval is only rough."""
LEAST_CLASS_IMAGES = 20
"""Images with a class below which its IoU has no interval. Hardly any draw lacks a class that 20
images have."""


@record
class Interval:
    """Between which values a score lies in most of the drawn data sets."""

    confidence: float
    low: float
    high: float
    images: int
    """The number of images with a counted pixel, or with the class."""
    method: str = f"bootstrap-{DRAWS}"

    @property
    def is_rough(self) -> bool:
        """Whether there are too few images for the interval to be more than a rough one."""
        return self.images < FEW_IMAGES

    @property
    def holds_zero(self) -> bool:
        """Whether 0 lies in it: the sign of a difference is then noise."""
        return self.low <= 0 <= self.high


@record
class Intervals:
    """The interval of the mean IoU, and those of the classes that enough images have."""

    mean: Interval | None
    """`None` for fewer than two images."""
    classes: Mapping[int, Interval]
    """By class id."""


def estimate_intervals(areas: ImageAreas, confidence: float = CONFIDENCE) -> Intervals:
    """Return the percentile intervals of the mean IoU and of the IoU of classes.

    Each draw takes as many images as there are, with replacement, and computes the IoUs of all of
    them together. The same areas give the same intervals.

    Args:
        areas: of each image or group of images.
        confidence: the share of the draws that an interval holds.
    """
    if areas.images < 2:
        return Intervals(None, {})
    chosen = np.flatnonzero(areas.class_images >= LEAST_CLASS_IMAGES)
    means, ious = draw_scores(areas.select(areas.seen), chosen)
    return Intervals(
        _build_interval(means, confidence, areas.images),
        {
            int(one): _build_interval(ious[:, at], confidence, int(areas.class_images[one]))
            for at, one in enumerate(chosen)
        },
    )


def estimate_change(
    before: ImageAreas, after: ImageAreas, confidence: float = CONFIDENCE
) -> Intervals:
    """Return the paired intervals of what the IoUs gain: the same images are drawn for both.

    Args:
        before: the areas of the one side, in the same groups as the other.
        after: the areas of the other side.
        confidence: the share of the draws that an interval holds.
    """
    seen = before.seen | after.seen
    if seen.sum() < 2:
        return Intervals(None, {})
    shared = min(len(before.class_images), len(after.class_images))  # one side may have more
    images = np.minimum(before.class_images[:shared], after.class_images[:shared])
    chosen = np.flatnonzero(images >= LEAST_CLASS_IMAGES)
    means, ious = (
        late - early
        for early, late in zip(
            draw_scores(before.select(seen), chosen),
            draw_scores(after.select(seen), chosen),
            strict=True,
        )
    )
    return Intervals(
        _build_interval(means, confidence, before.images),
        {
            int(one): _build_interval(ious[:, at], confidence, int(images[one]))
            for at, one in enumerate(chosen)
        },
    )


def _build_interval(drawn: NDArray[np.float64], confidence: float, images: int) -> Interval:
    """Return between which values a share of the drawn scores lies, shape (DRAWS,).

    `np.quantile` does the same, and takes longer to load than a small check takes to count.
    """
    tail = (1 - confidence) / 2
    low, high = np.interp([tail, 1 - tail], np.linspace(0, 1, DRAWS), np.sort(drawn)).tolist()
    return Interval(confidence, low, high, images)


def draw_scores(
    areas: NDArray[np.int64], classes: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean IoU of each drawn data set, and the IoU of some classes.

    The same groups are drawn for all areas with the same number of groups.

    Args:
        areas: union and intersection, shape (2, groups, classes).
        classes: the ids of these classes, shape (n,).

    Returns:
        Shape (DRAWS,) and shape (DRAWS, n).
    """
    _, groups, most = areas.shape
    sides = areas.transpose(1, 0, 2).reshape(groups, -1).astype(np.float64)
    together, means, ious = max(1, DRAWN_AT_ONCE // groups), [], []
    for start in range(0, DRAWS, together):
        draws = min(together, DRAWS - start)
        times = _draw_groups(draws, groups, first=start * groups)
        # sums of integers below 2 ** 53 are exact, so that every machine gives the same
        union, intersection = np.split(times @ sides, [most], axis=1)
        iou = intersection / np.maximum(union, 1)
        means.append(iou.sum(axis=1) / np.maximum((union > 0).sum(axis=1), 1))
        ious.append(iou[:, classes])
    return np.concatenate(means), np.concatenate(ious)


def _draw_groups(draws: int, groups: int, *, first: int) -> NDArray[np.float64]:
    """Return how often each group is drawn, shape (draws, groups); see `draw_groups`."""
    kernels = load_kernels()
    if kernels is not None:
        return draw_groups(kernels, draws, groups, first=first)
    keys = draw_integers(draws * groups, groups, first=first)
    keys += np.arange(draws).repeat(groups) * groups
    times = np.bincount(keys, minlength=draws * groups).reshape(-1, groups)
    return times.astype(np.float64)
