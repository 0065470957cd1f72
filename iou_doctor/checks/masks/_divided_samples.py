"""Find the samples whose masks alone were divided by 255."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

FEWEST_SAMPLES = 3
"""Minimum number of samples. Of two, neither is usual."""
FEWEST_IDS = 2
"""Minimum number of ids. Smaller fractions are all 0 after the multiplication."""
LEAST_RIGHT = 0.5
"""Minimum share of the pixels of class 1 in the other masks that are predicted as such. If masks of
0 and 255 were divided as well, they hold 0 and 1, and 1 is void."""


@record
class DividedSamples:
    """The samples whose masks hold ids divided by 255, while the other masks hold ids."""

    samples: list[int]
    ids: list[int]
    """Their ids."""
    rows: PairCounts
    """Their label pairs with the masks multiplied by 255."""

    def restore(self, pairs: PairCounts) -> PairCounts:
        """Return label pairs in which those of these samples are replaced."""
        return PairCounts.merge([pairs.take_rows(~np.isin(pairs.image, self.samples)), self.rows])


def find_divided_samples(evidence: Evidence) -> DividedSamples | None:
    """Return the samples whose masks alone were divided by 255; `None` if there are none."""
    pairs, scaled = evidence.pairs, evidence.times_255
    if scaled is None or evidence.interpretation.layout.samples < FEWEST_SAMPLES:
        return None
    fractional = _list_images(pairs, is_no_class(pairs.truth))
    has_ids = (pairs.truth > 0) & ~np.isin(pairs.image, fractional)
    if not len(fractional) or not has_ids.any() or not _are_ids(pairs.take_rows(has_ids)):
        return None
    rows = scaled.take_rows(np.isin(scaled.image, fractional))
    largest = max(int(pairs.truth[has_ids].max()), *pairs.count_predictions())
    ids = list(rows.count_truths())
    if (
        len(ids) < FEWEST_IDS
        or ids[0] < 0
        or ids[-1] > largest
        or not _is_gain(pairs, rows, fractional)
    ):
        return None
    return DividedSamples(fractional.tolist(), ids, rows)


def _list_images(pairs: PairCounts, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.flatnonzero(np.bincount(pairs.image[chosen]))


def _are_ids(pairs: PairCounts) -> bool:
    """Return whether labels of masks without fractions are ids as they are."""
    if (pairs.truth > 1).any():
        return True
    right = pairs.count[pairs.prediction == 1].sum()
    return bool(right >= LEAST_RIGHT * pairs.total)


def _is_gain(pairs: PairCounts, rows: PairCounts, images: NDArray[np.int64]) -> bool:
    """Return whether more pixels of these masks are right once they are multiplied."""
    given = pairs.take_rows(np.isin(pairs.image, images))
    before, after = (
        int(one.count[(one.truth == one.prediction) & (one.truth >= 0)].sum())
        for one in (given, rows)
    )
    return after > before
