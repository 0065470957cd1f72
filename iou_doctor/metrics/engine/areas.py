"""Areas in pixels of each image and class: what every ratio is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import MANY, class_areas
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Contract
from iou_doctor.record import record

AreaTable = NDArray[Any]


class LibraryError(Exception):
    """The library would raise: `ExceptionType: message`."""

    def words(self, contract: Contract) -> str:  # noqa: ARG002 - others differ by the contract
        """Return the error in the library's words."""
        return str(self)


class LabelError(LibraryError):
    """The library would raise for a label outside the classes."""

    def __init__(self, label: int, side: str, classes: int, labels: NDArray[np.int64]) -> None:
        super().__init__(label, side, classes)
        self.label, self.side, self.classes, self.labels = label, side, classes, labels
        self.below = label < 0
        """Whether it is for a number below 0: of the label, or of its cell."""
        self.cells = (classes, classes**2)
        """The width of the matrix, and the length that it has with this label's cell."""

    def words(self, contract: Contract) -> str:
        """Return the error in the library's words."""
        truth = self.side == "masks"
        below = contract.error_below if self.below else ""
        return (below or contract.error).format(
            label=self.label,
            side=self.side,
            argument="labels" if truth else "predictions",
            name="target" if truth else "pred",
            preds="target" if truth else "preds",
            last=self.classes - 1,
            classes=self.classes,
            low=self.labels.min(),
            high=self.labels.max(),
            values=_print_tensor(self.labels),
            width=self.cells[0],
            size=self.cells[1],
        )


def _print_tensor(labels: NDArray[np.int64]) -> str:
    """Return the distinct labels as torch prints them."""
    values = [str(value) for value in np.unique(labels, return_counts=True)[0].tolist()]
    longest = max(map(len, values))
    return f"tensor([{', '.join(value.rjust(longest) for value in values)}])"


class ScoreError(LibraryError):
    """The library would raise for predictions that are no integers."""

    def __init__(self, dtype: np.dtype[np.generic], kind: str) -> None:
        super().__init__(dtype, kind)
        self.dtype, self.kind = dtype, kind

    def words(self, contract: Contract) -> str:
        """Return the error in the library's words."""
        names = {"float16": "Half", "float64": "Double"}
        return contract.refusal.format(
            dtype=self.dtype, name=names.get(str(self.dtype), "Float"), kind=self.kind
        )


class LengthError(LibraryError):
    """The library would raise for arrays that flatten to different lengths."""

    def __init__(self, lengths: tuple[int | None, int | None]) -> None:
        super().__init__(lengths)
        self.lengths = lengths

    def words(self, contract: Contract) -> str:
        """Return the error in the library's words."""
        return describe_length_error(self.lengths, contract.sizes)


def describe_length_error(lengths: tuple[int | None, int | None], words: str) -> str:
    """Return the error of two arrays that flatten to different lengths.

    Args:
        lengths: those of masks and predictions; `None`: the images differ in size.
        words: how the library says it.
    """
    true, pred = lengths
    if true is None or pred is None:
        return "ValueError: the images differ in size and cannot be stacked into one array"
    return f"{words.format(true=true, pred=pred)} (of masks and predictions)"


class NotReplayed(Exception):  # noqa: N818 - no error either
    """What the library would report is not worked out here, and why."""


@record
class Areas:
    """Areas in pixels (or sums of scores), each of shape (images, classes).

    Stacked into batches they are of shape (batches, images, classes). Those of many images are
    stored in few bytes: they are looked at some `rows` at a time, which are int64.
    """

    truth: AreaTable
    predicted: AreaTable
    intersection: AreaTable
    dropped: int = 0
    """Pixels that are left out without a word; the ignore label is not among them."""
    largest: int = 0
    """The largest count in a cell of (truth, prediction), over all images."""

    @classmethod
    def of(cls, parts: Iterable[AreaTable]) -> Areas:
        """Return the areas of truth, prediction and intersection."""
        truth, predicted, intersection = parts
        return cls(truth, predicted, intersection)

    @property
    def parts(self) -> tuple[AreaTable, AreaTable, AreaTable]:
        """Truth, predicted and intersection."""
        return self.truth, self.predicted, self.intersection

    @property
    def union(self) -> AreaTable:
        """The areas of the unions."""
        union = self.truth + self.predicted
        union -= self.intersection
        return union

    def in_batches(self, size: int) -> Areas:
        """Return the areas of so many images together each, the last of which may be fewer."""
        starts = np.arange(0, len(self.truth), size)
        return Areas.of(np.add.reduceat(part, starts) for part in self.parts)

    def fold_classes(self) -> Areas:
        """Return the areas of all classes together; their axis has the length 1."""
        return Areas.of(
            part.sum(axis=-1, keepdims=True, dtype=_choose_sum_dtype(part)) for part in self.parts
        )

    def rows(self, images: slice) -> Areas:
        """Return the areas of some images, as int64 or as sums of scores."""
        some = (part[images] for part in self.parts)
        return Areas.of(part.astype(_choose_sum_dtype(part), copy=False) for part in some)

    def blocks(self, size: int = 1) -> Iterator[Areas]:
        """Yield the areas of some images at a time, of so many times `size`, in order."""
        images, classes = self.truth.shape
        step = max(1, MANY // max(1, classes * size)) * size
        return (self.rows(slice(first, first + step)) for first in range(0, max(1, images), step))

    def stacks(self, size: int) -> Iterator[Areas]:
        """Yield the areas stacked into batches of so many images, and what is left in one more."""
        images, classes = self.truth.shape
        full = images - images % size
        if full:
            yield Areas.of(part[:full].reshape(full // size, size, classes) for part in self.parts)
        if full < images:
            yield Areas.of(part[np.newaxis, full:] for part in self.parts)

    def pooled(self) -> Areas:
        """Return the stacked areas with the images of each batch added up."""
        return Areas.of(part.sum(axis=1, keepdims=True) for part in self.parts)

    @cached_property
    def whole(self) -> Areas:
        """The areas of all images together, shape (1, classes)."""
        if len(self.truth) == 1:
            return self
        return Areas.of(
            part.sum(axis=0, keepdims=True, dtype=_choose_sum_dtype(part)) for part in self.parts
        )

    def select(self, classes: list[int]) -> Areas:
        """Return the areas of some classes."""
        columns: slice | list[int] = classes
        if classes and classes == list(range(classes[0], classes[-1] + 1)):
            columns = slice(classes[0], classes[-1] + 1)  # no copy
        return Areas.of(part[:, columns] for part in self.parts)


def _choose_sum_dtype(areas: AreaTable) -> np.dtype[Any]:
    return areas.dtype if areas.dtype.kind == "f" else np.dtype(np.int64)


def sum_areas(pairs: PairCounts, *, images: int, classes: int) -> Areas:
    """Return the areas of each image and class; a label -1 counts on no side."""
    return Areas.of(class_areas(pairs, images=images, classes=classes))
