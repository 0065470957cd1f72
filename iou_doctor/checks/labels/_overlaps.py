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
    def is_clear(self) -> Flags:
        """Whether each old id and its favourite have most of their pixels in common, shape (m,)."""
        shared = self.pixels[np.arange(len(self.old)), self.favourites]
        new_totals = self.pixels.sum(axis=0)[self.favourites]
        most: Flags = (2 * shared > self.totals) & (2 * shared > new_totals)
        return most & (shared >= FEWEST_LABEL_PIXELS)

    @cached_property
    def is_free(self) -> Flags:
        """Whether the favourite of each old id is not the partner of its own name, shape (m,)."""
        free: Flags = ~np.isin(self.new[self.favourites], self.old[self.is_kept])
        return free

    @cached_property
    def moves(self) -> dict[int, int]:
        """The new id of each old id that clearly has another name there."""
        rows = np.flatnonzero(self.is_clear & self.is_free)
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
