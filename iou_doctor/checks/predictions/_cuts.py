"""Both classes' IoU at every threshold of one channel of scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import decode_rounded, is_no_class
from iou_doctor.record import record

Floats = NDArray[np.float64]


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


def list_cuts(evidence: Evidence) -> Cuts | None:
    """Return all thresholds, or `None` if the scores were not counted or a class is missing."""
    if evidence.by_score is None:
        return None
    pairs = evidence.by_score
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
