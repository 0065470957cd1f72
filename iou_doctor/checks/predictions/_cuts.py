"""Both classes' IoU at every threshold of one channel of scores, and the best threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import decode_rounded, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

Floats = NDArray[np.float64]

GAIN = 0.02
"""Gain that the mean IoU and the IoU of the rarer class must exceed. The best of nine thresholds
always gains a little, and scores that are unrelated to the foreground only trade the IoU of one
class against that of the other."""
QUANTILES = 200
"""Thresholds that are tried between the scores' own quantiles, where 0.1 to 0.9 are too coarse."""
FEWEST_PIXELS = 1000
"""Minimum number of true pixels of each class. With fewer, a handful of border pixels decides."""
LOST, LEAST_GAIN_OF_LOST = 0.01, 0.05
"""IoU below which a class is as good as never predicted, and the minimum gain in mean IoU of a
threshold at which it is predicted while the other class loses."""
LEAST_OVER_CHANCE = 0.1
"""Minimum mean IoU above that of as many pixels anywhere, if one class loses. A weak model that is
right not to be sure of a class reaches 0.06."""


@record
class Cuts:
    """What each threshold would do; those of equal scores are one."""

    scores: Floats
    """The distinct scores in ascending order, shape (k,): thresholds that they reach."""
    background: NDArray[np.int64]
    """The number of background pixels with each score, shape (k,)."""
    foreground: NDArray[np.int64]
    """The number of foreground pixels with each score, shape (k,)."""

    def score(self, threshold: float) -> Floats:
        """Return the IoU of background and foreground at a threshold, shape (2,)."""
        low = int(np.searchsorted(self.scores, threshold))
        rejected, missed = self.background[:low].sum(), self.foreground[:low].sum()
        false, found = self.background[low:].sum(), self.foreground[low:].sum()
        right = np.array([rejected, found], dtype=np.float64)
        return np.asarray(right / np.maximum(right + missed + false, 1))

    def score_chance(self, threshold: float) -> float:
        """Return the mean IoU of as many pixels as reach a threshold, if they lay anywhere."""
        low = int(np.searchsorted(self.scores, threshold))
        counts = self.background + self.foreground
        share = self.foreground.sum() / counts.sum()
        above = counts[low:].sum() / counts.sum()
        shares, parts = np.array([1 - share, share]), np.array([1 - above, above])
        both = shares * parts
        return float((both / (shares + parts - both)).mean())

    def list_quantiles(self, number: int) -> list[float]:
        """Return quantiles of the scores, to three digits."""
        counts = np.cumsum(self.background + self.foreground)
        wanted = np.linspace(0, counts[-1], number)
        places = np.searchsorted(counts, wanted).clip(max=len(counts) - 1)
        return sorted({float(f"{score:.3g}") for score in self.scores[places].tolist()})

    def count_at(self, score: float, *, reach: float) -> tuple[int, int]:
        """Return how many background and foreground pixels have about this score."""
        near = np.abs(self.scores - score) <= reach
        return int(self.background[near].sum()), int(self.foreground[near].sum())


def find_best_cut(cuts: Cuts, given: float) -> float | None:
    """Return the best quantile of the scores as threshold, if it fits far better than the given.

    Trading one class against the other is worth it only if one has no IoU as given. Scores that are
    unrelated to the foreground then gain by chance, too, if both classes are frequent.
    """
    best = max(cuts.list_quantiles(QUANTILES), key=lambda cut: cuts.score(cut).mean())
    gains = cuts.score(best) - cuts.score(given)
    totals = cuts.background.sum(), cuts.foreground.sum()
    rarer = gains[int(totals[1] < totals[0])]
    if min(totals) < FEWEST_PIXELS or min(rarer, gains.mean()) <= GAIN:
        return None
    over_chance = cuts.score(best).mean() - cuts.score_chance(best)
    if min(gains) >= 0:
        return best if over_chance > GAIN else None
    is_lost = min(cuts.score(given)) < LOST and gains.mean() > LEAST_GAIN_OF_LOST
    return best if is_lost and over_chance >= LEAST_OVER_CHANCE else None


def list_cuts(pairs: PairCounts | None) -> Cuts | None:
    """Return all thresholds, or `None` if the scores were not counted or a class is missing.

    Args:
        pairs: the truth, and the scores by `LabelDecoding.ROUNDED` as prediction.
    """
    if pairs is None:
        return None
    truths = pairs.count_truths()
    object_label = 1 if 1 in truths else 255
    pairs = pairs.keep_rows(~is_no_class(pairs.prediction))
    codes, place = np.unique(pairs.prediction, return_inverse=True)
    background, foreground = (
        np.bincount(place, weights=pairs.count * (pairs.truth == label), minlength=len(codes))
        for label in (0, object_label)
    )
    if not background.any() or not foreground.any():
        return None
    return Cuts(decode_rounded(codes), background.astype(np.int64), foreground.astype(np.int64))
