"""The areas of each class in each image: the numbers from which every ratio is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import MANY_AREAS, count_class_areas
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

AreaTable = NDArray[np.number]
"""Numbers of pixels (integers), or sums of scores (floats)."""


@record
class Areas:
    """Areas in pixels, or sums of scores, of each image and class.

    The three tables have the shape (images, classes), or (batches, images, classes) after
    `stack_batches`. Large tables use a narrow integer dtype. `select_images` and
    `iterate_blocks` widen some images at a time to int64.
    """

    truth: AreaTable
    predicted: AreaTable
    intersection: AreaTable
    dropped: int = 0
    """Pixels that are left out silently, those of the ignore label not included."""
    largest: int = 0
    """The largest count of a pair of labels, over all images."""

    @classmethod
    def of(cls, tables: Iterable[AreaTable]) -> Areas:
        """Return the areas of truth, prediction and intersection, in this order."""
        truth, predicted, intersection = tables
        return cls(truth, predicted, intersection)

    @property
    def tables(self) -> tuple[AreaTable, AreaTable, AreaTable]:
        """Truth, prediction and intersection."""
        return self.truth, self.predicted, self.intersection

    @property
    def union(self) -> AreaTable:
        """The areas of the unions."""
        both = self.truth + self.predicted
        union: AreaTable = np.subtract(both, self.intersection, out=both)
        return union

    def sum_batches(self, size: int) -> Areas:
        """Add up the images of each batch; the last batch may be smaller than `size`."""
        starts = np.arange(0, len(self.truth), size)
        return Areas.of(np.add.reduceat(table, starts) for table in self.tables)

    def sum_classes(self) -> Areas:
        """Add up all classes; the class axis then has the length 1."""
        return Areas.of(
            table.sum(axis=-1, keepdims=True, dtype=_choose_sum_dtype(table))
            for table in self.tables
        )

    def select_images(self, images: slice) -> Areas:
        """Return the areas of some images, widened to int64 unless they are sums of scores."""
        some = (table[images] for table in self.tables)
        return Areas.of(table.astype(_choose_sum_dtype(table), copy=False) for table in some)

    def iterate_blocks(self, size: int = 1) -> Iterator[Areas]:
        """Yield the areas of some images at a time, in order.

        Args:
            size: the images of a batch; a block holds whole batches.
        """
        images, classes = self.truth.shape
        step = max(1, MANY_AREAS // max(1, classes * size)) * size
        return (
            self.select_images(slice(first, first + step))
            for first in range(0, max(1, images), step)
        )

    def stack_batches(self, size: int) -> Iterator[Areas]:
        """Yield the full batches stacked into one, then the smaller last batch if there is one.

        Args:
            size: images in a batch.
        """
        images, classes = self.truth.shape
        full = images - images % size
        if full:
            yield Areas.of(
                table[:full].reshape(full // size, size, classes) for table in self.tables
            )
        if full < images:
            yield Areas.of(table[np.newaxis, full:] for table in self.tables)

    def sum_images(self) -> Areas:
        """Add up the images of each stacked batch."""
        return Areas.of(table.sum(axis=1, keepdims=True) for table in self.tables)

    @cached_property
    def total(self) -> Areas:
        """The areas of all images together, shape (1, classes)."""
        if len(self.truth) == 1:
            return self
        return Areas.of(
            table.sum(axis=0, keepdims=True, dtype=_choose_sum_dtype(table))
            for table in self.tables
        )

    def select_classes(self, classes: list[int]) -> Areas:
        """Return the areas of some classes."""
        columns: slice | list[int] = classes
        if classes and classes == list(range(classes[0], classes[-1] + 1)):
            columns = slice(classes[0], classes[-1] + 1)  # a view in place of a copy
        return Areas.of(table[:, columns] for table in self.tables)


def _choose_sum_dtype(table: AreaTable) -> np.dtype[np.number]:
    return table.dtype if table.dtype.kind == "f" else np.dtype(np.int64)


def sum_areas(pairs: PairCounts, *, images: int, classes: int) -> Areas:
    """Return the areas of each image and class.

    Args:
        pairs: class ids; the label -1 counts on no side.
        images: the number of images.
        classes: the number of classes.
    """
    return Areas.of(count_class_areas(pairs, images=images, classes=classes))
