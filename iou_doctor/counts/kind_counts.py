"""How often each kind of error occurs, by image and class pair, and how large true regions are.

Counts of parts of a data set add up to those of the whole, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.error_kinds import KindMap
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.sorted_rows import Counts, sum_duplicates
from iou_doctor.record import record

CODES = 16
"""The number of codes of a `KindMap`."""
NO_CLASS = -1
"""Stands for predicted labels that are no class at all."""
DENSE_LABELS = 2**7
"""Up to this many labels are counted in a dense table."""


@record(eq=False)
class RegionCounts:
    """The connected regions of the truth by label and size. All columns have the shape (rows,)."""

    label: NDArray[np.int64]
    pixels: NDArray[np.int64]
    """The size of a region; rows are sorted by label and size."""
    regions: Counts
    """The number of regions of this label and size."""
    found: Counts
    """The pixels of all of them that are right."""
    lost: Counts
    """The number of those without any right pixel."""

    @classmethod
    def of(cls, *columns: NDArray[np.int64]) -> RegionCounts:
        """Return the table of these columns, with equal labels and sizes added up."""
        label, pixels, *counts = columns
        if not len(label):
            return cls(*columns)
        keys = np.zeros_like(label), label, pixels
        # a column may be 0 in a row, which a sum alone could drop, so a 1 is added to each
        ones, totals = sum_duplicates(keys, np.ones_like(label))
        sums = [sum_duplicates(keys, column + 1)[1] - totals for column in counts]
        return cls(ones[1], ones[2], *sums)

    @classmethod
    def merge(cls, parts: Iterable[RegionCounts]) -> RegionCounts:
        """Return the sum of tables."""
        columns = zip(*(part.columns for part in parts), strict=True)
        joined = [np.concatenate(column) for column in columns]
        return cls.of(*joined or (np.zeros(0, dtype=np.int64),) * 5)

    @property
    def columns(self) -> tuple[NDArray[np.int64], ...]:
        """All columns in order."""
        return self.label, self.pixels, self.regions, self.found, self.lost


@record(eq=False)
class ImageKinds:
    """The kinds of the errors of one image or volume, with its labels."""

    image: int
    """Its number."""
    y_true: NDArray[np.integer]
    y_pred: NDArray[np.integer]
    kinds: KindMap
    width: int
    """The width of its contours."""

    def count_wrong(self) -> PairCounts:
        """Return the rows of `KindCounts.pairs` for this image."""
        codes = self.kinds.codes.reshape(-1)
        wrong = np.flatnonzero(codes)
        truth, prediction, code = (
            part.reshape(-1)[wrong].astype(np.int64) for part in (self.y_true, self.y_pred, codes)
        )
        if not len(wrong):
            return PairCounts(truth, truth, truth, truth)
        lowest = min(int(truth.min()), int(prediction.min()))
        labels = 1 + max(int(truth.max()), int(prediction.max()))
        if lowest >= 0 and labels <= DENSE_LABELS:
            cells = np.bincount((truth * labels + prediction) * CODES + code)
            rows = np.flatnonzero(cells)
            truth, keys = np.divmod(rows, labels * CODES)
            return PairCounts(np.full_like(rows, self.image), truth, keys, cells[rows])
        keys = np.where(is_no_class(prediction), NO_CLASS, prediction) * CODES + code
        columns, count = sum_duplicates(
            (np.full_like(truth, self.image), truth, keys), np.ones_like(truth)
        )
        return PairCounts(*columns, count)


@record(eq=False)
class KindCounts:
    """The wrong pixels by image, labels and kinds, and the regions of the truth."""

    pairs: PairCounts
    """Rows as in any table of label pairs. The column `prediction` holds `CODES` times the
    predicted label, plus the code of `KindMap`."""
    regions: RegionCounts
    widths: tuple[int, int]
    """The least and the largest width of a contour."""

    @staticmethod
    def of_images(images: Sequence[ImageKinds]) -> KindCounts | None:
        """Return the counts of some images in ascending order; `None` if there are none."""
        if not images:
            return None
        columns = [
            np.concatenate([getattr(image.kinds, name) for image in images])
            for name in ("region_labels", "region_pixels", "region_found")
        ]
        lost = (columns[2] == 0).astype(np.int64)
        widths = [image.width for image in images]
        return KindCounts(
            PairCounts.merge(image.count_wrong() for image in images),
            RegionCounts.of(columns[0], columns[1], np.ones_like(lost), columns[2], lost),
            (min(widths), max(widths)),
        )

    @staticmethod
    def merge(parts: Iterable[KindCounts]) -> KindCounts | None:
        """Return the counts of the whole from those of its parts; `None` if there are none."""
        parts = list(parts)
        if not parts:
            return None
        least, largest = zip(*(part.widths for part in parts), strict=True)
        return KindCounts(
            PairCounts.merge(part.pairs for part in parts),
            RegionCounts.merge(part.regions for part in parts),
            (min(least), max(largest)),
        )

    @property
    def prediction(self) -> NDArray[np.int64]:
        """The predicted label of each row of `pairs`, or `NO_CLASS`."""
        return self.pairs.prediction // CODES

    @property
    def code(self) -> NDArray[np.int64]:
        """The code of `KindMap` of each row of `pairs`."""
        return self.pairs.prediction % CODES
