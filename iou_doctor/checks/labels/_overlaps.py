"""How often each id of one array meets each id of the other, and which ids correspond."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import MOST_CLASSES, VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import FEWEST_LABEL_PIXELS
from iou_doctor.checks.unknown_labels import NO_DATA_LABELS
from iou_doctor.counts.label_decoding import is_no_class

Ids = NDArray[np.int64]
Pixels = NDArray[np.int64]
Flags = NDArray[np.bool_]

VOID_CODES = (*VOID_LABELS, *NO_DATA_LABELS)
"""Labels that mean void, unless they correspond to a predicted id, as the white of a palette."""
LEAST_LIKELY_SHARE = 0.3
"""Minimum share of both ids that a likely pair has in common. A mean IoU of 0.3 is that of a weak
model, and each class then keeps about half of its pixels."""
LEAST_LIFT = 2.0
"""How many times as many pixels as by chance a likely pair has in common."""
LEAST_PARTNERS = 0.6
"""Minimum number of ids of the side with fewer ids, as a share of those of the other side, if all
are declared classes."""
FEWEST_LIKELY_MOVES = 3
"""Minimum number of likely moves. One or two need most of their pixels."""


class Overlaps:
    """The pixels of each pair of ids of two arrays, called old and new after what a repair does.

    Args:
        old: the ids of the one array, ascending, shape (m,).
        new: the ids of the other array, ascending, shape (n,).
        pixels: the pixels of each pair, shape (m, n).
    """

    def __init__(self, old: Ids, new: Ids, pixels: Pixels) -> None:
        self.old = old
        self.new = new
        self.pixels = pixels

    def swap(self) -> Overlaps:
        """Return the overlaps with the arrays exchanged."""
        return Overlaps(self.new, self.old, self.pixels.T)

    def drop_old(self, drop: Flags) -> Overlaps:
        """Return the overlaps without some old ids; `drop` has shape (m,)."""
        pixels = self.pixels[~drop]
        seen = pixels.any(axis=0)
        return Overlaps(self.old[~drop], self.new[seen], pixels[:, seen])

    @cached_property
    def totals(self) -> Pixels:
        """The pixels of each old id, shape (m,)."""
        total: Pixels = self.pixels.sum(axis=1)
        return total

    @cached_property
    def is_kept(self) -> Flags:
        """Whether at least half of each old id meets the same id, shape (m,)."""
        same = np.where(self.old[:, None] == self.new[None, :], self.pixels, 0).sum(axis=1)
        kept: Flags = 2 * same >= self.totals
        return kept

    @cached_property
    def favourites(self) -> NDArray[np.intp]:
        """The index of the new id that each old id meets most, shape (m,)."""
        best: NDArray[np.intp] = self.pixels.argmax(axis=1)
        return best

    @cached_property
    def shared(self) -> Pixels:
        """The pixels that each old id has in common with its favourite, shape (m,)."""
        pixels: Pixels = self.pixels[np.arange(len(self.old)), self.favourites]
        return pixels

    @cached_property
    def is_clear(self) -> Flags:
        """Whether each old id and its favourite have most of their pixels in common, shape (m,)."""
        return self._is_sharing(0.5)

    @cached_property
    def is_likely(self) -> Flags:
        """Whether each old id and its favourite choose each other far more than by chance."""
        new_totals = self.pixels.sum(axis=0)[self.favourites]
        mutual = self.pixels.argmax(axis=0)[self.favourites] == np.arange(len(self.old))
        by_chance = self.totals / max(self.totals.sum(), 1) * new_totals
        lifted: Flags = self.shared >= LEAST_LIFT * by_chance
        likely: Flags = mutual & lifted & self._is_sharing(LEAST_LIKELY_SHARE)
        return self.is_clear | likely

    def _is_sharing(self, share: float) -> Flags:
        new_totals = self.pixels.sum(axis=0)[self.favourites]
        enough = self.shared >= FEWEST_LABEL_PIXELS
        sharing: Flags = enough & (self.shared > share * np.maximum(self.totals, new_totals))
        return sharing

    @cached_property
    def is_free(self) -> Flags:
        """Whether the favourite of each old id is not the partner of its own name, shape (m,)."""
        free: Flags = ~np.isin(self.new[self.favourites], self.old[self.is_kept])
        return free

    @cached_property
    def moves(self) -> dict[int, int]:
        """The new id of each old id that clearly has another name there.

        Among many, likely ones are clear enough.
        """
        likely = self._list_moves(self.is_likely)
        if len(likely) >= FEWEST_LIKELY_MOVES or self._is_last_pair(likely):
            return likely
        return self._list_moves(self.is_clear)

    def _is_last_pair(self, moves: dict[int, int]) -> bool:
        """Return whether a single id of each side has no namesake, and all others are kept."""
        alone = ~np.isin(self.old, self.new)
        if alone.sum() != 1 or np.isin(self.new, self.old, invert=True).sum() != 1:
            return False
        return int(self.old[alone][0]) in moves and bool(self.is_kept[~alone].all())

    def _list_moves(self, chosen: Flags) -> dict[int, int]:
        rows = np.flatnonzero(chosen & self.is_free)
        new = self.new[self.favourites[rows]]
        pairs = zip(self.old[rows].tolist(), new.tolist(), strict=True)
        return {old: name for old, name in pairs if old != name}


def count_overlaps(evidence: Evidence) -> Overlaps | None:
    """Return the overlaps of mask ids with predicted ids; `None` if there are none, or too many.

    The ignore label is left out, and so are the usual labels for void, unless they correspond to a
    predicted id that has no other partner.
    """
    pairs = evidence.pairs.pool()
    use = ~is_no_class(pairs.truth) & ~is_no_class(pairs.prediction)
    if evidence.interpretation.ignore_index is not None:
        use &= pairs.truth != evidence.interpretation.ignore_index
    pairs = pairs.keep_rows(use)
    old, row = np.unique(pairs.truth, return_inverse=True)
    new, column = np.unique(pairs.prediction, return_inverse=True)
    if not len(pairs) or max(len(old), len(new)) > MOST_CLASSES:
        return None
    pixels = np.zeros((len(old), len(new)), dtype=np.int64)
    pixels[row, column] = pairs.count
    overlaps = Overlaps(old, new, pixels)
    void = np.isin(old, VOID_CODES)
    if not void.any():
        return overlaps
    overlaps = overlaps.drop_old(void & ~(overlaps.is_clear & overlaps.is_free))
    return overlaps if len(overlaps.old) else None


def lacks_partners(evidence: Evidence, old: set[int], new: set[int]) -> bool:
    """Return whether declared classes are on both sides, but many of one side alone.

    A few images hold few classes, and a weak model sees many more in them.
    """
    interpretation = evidence.interpretation
    are_classes = interpretation.num_classes_declared and old | new <= {*interpretation.classes}
    return are_classes and min(len(old), len(new)) < LEAST_PARTNERS * max(len(old), len(new))
