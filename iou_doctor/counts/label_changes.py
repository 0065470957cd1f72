"""Which classes the labels of both arrays stand for, as plain values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import encode_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

Pairs = tuple[tuple[int, int | None], ...]
MOST_PAIRS = 2**16
"""Label maps with more different pairs of labels are not mapped."""


@record
class LabelChanges:
    """The class of each label of both sides; `None` for labels that do not count."""

    truth: Pairs
    prediction: Pairs
    exchanges_sides: bool = False
    """Whether the predictions become the masks, and the masks the predictions."""

    @classmethod
    def of(
        cls,
        relabel: Callable[[PairCounts], PairCounts],
        table: PairCounts,
        *,
        exchanges_sides: bool,
    ) -> LabelChanges | None:
        """Return what a function does to the labels of a table.

        It is called with a table of all pairs of labels, each in an image of its own. What it does
        to an image as a whole is not found out.

        Args:
            relabel: changes the labels of a table of label pairs.
            table: has the labels.
            exchanges_sides: whether it exchanges the sides.

        Returns:
            The changes; `None` if a label becomes several ones, or if there are too many.
        """
        sides = np.array(list(table.count_truths())), np.array(list(table.count_predictions()))
        if not 0 < len(sides[0]) * len(sides[1]) <= MOST_PAIRS:
            return None
        truth, prediction = (side.ravel() for side in np.meshgrid(*sides, indexing="ij"))
        image = np.arange(len(truth))
        after = relabel(PairCounts(image, truth, prediction, np.ones_like(image)))
        if len(after) and not 0 <= after.image_span[0] <= after.image_span[1] < len(image):
            return None
        new = (after.prediction, after.truth)[:: 1 if exchanges_sides else -1]
        old = truth[after.image], prediction[after.image]
        found = [_match(*side) for side in zip(old, new, sides, strict=True)]
        if found[0] is None or found[1] is None:
            return None
        return cls(found[0], found[1], exchanges_sides)

    @property
    def are_none(self) -> bool:
        """Whether every label that counts stays as it is."""
        same = all(new in {old, None} for old, new in (*self.truth, *self.prediction))
        return same and not self.exchanges_sides

    def apply(
        self, y_true: NDArray[np.integer], y_pred: NDArray[np.integer]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return label maps as classes, with codes of no class for labels that do not count."""
        maps = _replace(y_true, self.truth), _replace(y_pred, self.prediction)
        return (maps[1], maps[0]) if self.exchanges_sides else maps


def _match(
    old: NDArray[np.int64], new: NDArray[np.int64], labels: NDArray[np.int64]
) -> Pairs | None:
    """Return the new label of each label; `None` if one has several."""
    pairs = set(zip(old.tolist(), new.tolist(), strict=True))
    found = dict(pairs)
    if len(found) < len(pairs):
        return None
    return tuple((label, found.get(label)) for label in labels.tolist())


def _replace(labels: NDArray[np.integer], changes: Pairs) -> NDArray[np.int64]:
    nothing = int(encode_no_class(np.zeros(1))[0])
    olds = np.array([old for old, _ in changes])
    news = np.array([nothing if new is None else new for _, new in changes])
    places = np.searchsorted(olds, labels).clip(0, len(olds) - 1)
    return np.where(olds[places] == labels, news[places], nothing)
