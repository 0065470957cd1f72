"""The areas of each class in each image, or in each of many groups of images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import iterate_class_areas
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.draws import draw_integers
from iou_doctor.record import record

MOST_GROUPS = 1024
"""The maximum number of groups that are drawn. More images are put into groups at random, which
gives the same spread and bounds the time."""


@record(eq=False)
class ImageAreas:
    """What intervals are computed from."""

    areas: NDArray[np.int64]
    """The pixels of union, intersection and truth, shape (3, groups, classes). A group is one
    image if there are at most `MOST_GROUPS`; one without a counted pixel has zeros."""
    images: int
    """The number of images with a counted pixel."""
    class_images: NDArray[np.int64]
    """The number of images in which each class is true or predicted, shape (classes,)."""

    is_ungrouped: bool = True
    """Whether each group is one image, in the order of the images."""

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which groups have a counted pixel, shape (groups,)."""
        seen: NDArray[np.bool_] = self.areas[0].any(axis=1)
        return seen

    @property
    def groups(self) -> int:
        """The number of groups."""
        return int(self.areas.shape[1])

    def count_seldom(self, confidence: float) -> int:
        """Return the number of classes that are absent from enough draws to move the interval.

        The mean of such a draw is that of the other classes.

        Args:
            confidence: the share of the draws that the interval holds.
        """
        seen = self.class_images[self.class_images > 0]
        return int(((1 - seen / self.images) ** self.images > (1 - confidence) / 2).sum())

    def select(self, groups: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the union and the intersection of some groups, shape (2, groups, classes)."""
        return self.areas[:2, groups]


def count_image_areas(
    pairs: PairCounts, *, num_classes: int, ignore_index: int | None, span: int | None = None
) -> ImageAreas:
    """Return the areas of each image or group of images.

    Args:
        pairs: the counts of label pairs of each image.
        num_classes: the number of classes; they are 0 to `num_classes` - 1.
        ignore_index: the ignore label, if any.
        span: the number of images, which decides on their groups; `None`: up to the last one that
            has a counted pixel.
    """
    counted = pairs.keep_counted(num_classes, ignore_index)
    images = counted.image_span[1] + 1 if span is None else span
    grouped = np.zeros((3, min(images, MOST_GROUPS), num_classes), dtype=np.int64)
    class_images = np.zeros(num_classes, dtype=np.int64)
    first = 0
    for truth, predicted, intersection in iterate_class_areas(
        counted, images=images, classes=num_classes
    ):
        areas = np.stack([truth + predicted - intersection, intersection, truth])
        if ignore_index is not None and 0 <= ignore_index < num_classes:
            areas[:, :, ignore_index] = 0
        class_images += np.count_nonzero(areas[0], axis=0)
        number = np.arange(first, first + len(truth))
        many = images > MOST_GROUPS
        group = draw_integers(len(truth), MOST_GROUPS, first=first) if many else number
        add_groups(grouped, group, areas)
        first += len(truth)
    return ImageAreas(
        grouped, count_images(counted), class_images, is_ungrouped=images <= MOST_GROUPS
    )


def add_groups(
    grouped: NDArray[np.int64], group: NDArray[np.int64], areas: NDArray[np.int64]
) -> None:
    """Add areas, shape (k, images, classes), to those of their groups, shape (k, groups, classes).

    Args:
        grouped: the sums, which are changed.
        group: the group of each image, shape (images,).
        areas: what is added.
    """
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    grouped[:, group[order][starts]] += np.add.reduceat(areas[:, order], starts, axis=1)


def count_images(counted: PairCounts) -> int:
    """Return the number of images that occur in a table."""
    return sum(len(block.image_starts) for block in counted.iterate_blocks())
