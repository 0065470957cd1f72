"""Tell ids that mean other classes in one sample from a model that takes objects for others.

A model that finds each object, but mistakes the types of cells or the ages of trees, gives a sample
with a few objects other ids than its mask by chance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from iou_doctor.checks.alignment._sample_faults import BACKGROUND, FEWEST_PIXELS, Relabelling
from iou_doctor.checks.alignment._sample_tables import SampleScores
from iou_doctor.counts.pair_counts import PairCounts

MOST_BY_CHANCE = 0.03
"""Maximum number of samples that a model is expected to relabel in this way by chance."""


def drop_mistaken(
    found: Sequence[Relabelling], pairs: PairCounts, scores: SampleScores
) -> list[Relabelling]:
    """Return the samples whose ids cannot be mistakes of the model, judged by the other samples.

    Args:
        found: samples and the ids that each gets.
        pairs: the label pairs of all samples.
        scores: the mean IoU of each sample.
    """
    share = _measure_mistakes(pairs, {one.sample for one in found})
    return [
        one
        for one in found
        if BACKGROUND in one.table
        or BACKGROUND in one.table.values()
        or len(scores.images) * share ** len(one.table) <= MOST_BY_CHANCE
    ]


def _measure_mistakes(pairs: PairCounts, left_out: Collection[int]) -> float:
    """Return the share of the classes of samples that are mostly predicted as another class.

    It is estimated from the other samples, and above 0 even if these have none. The background is
    left out.
    """
    use = (pairs.truth > BACKGROUND) & ~np.isin(pairs.image, [*left_out])
    pairs = pairs.take_rows(use)
    if not len(pairs):
        return 1.0
    starts = np.flatnonzero(
        np.diff(pairs.image, prepend=-1) | np.diff(pairs.truth, prepend=BACKGROUND)
    )
    totals = np.add.reduceat(pairs.count, starts)
    mistaken = (pairs.prediction != pairs.truth) & (pairs.prediction > BACKGROUND)
    largest = np.maximum.reduceat(np.where(mistaken, pairs.count, 0), starts)
    known = totals >= FEWEST_PIXELS
    number = int(((2 * largest > totals) & known).sum())
    return (number + 0.5) / (int(known.sum()) + 1)
