"""Count the scores of channels that overlap, where the threshold does not fit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import encode_rounded
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.passes import Ask
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.metrics.score import ClassScore
from iou_doctor.record import record
from iou_doctor.scan.channels import iterate_channels

LEAST_SHARE_FOUND = 0.7
"""Share of the pixels inside and outside of a channel that the threshold must leave on their side.
If it leaves fewer, the scores may need another threshold."""


@record
class CountChannelScores:
    """How often does each score occur inside and outside of each channel?"""

    layout: Layout

    def answer(self, arrays: OpenArrays) -> PairCounts:
        """Return the counts in some samples, with the number of the channel as image."""
        tables = [
            _count_channel(channel, maps.y_true[..., channel], maps.y_pred[..., channel])
            for maps in iterate_channels(arrays.pair, self.layout, arrays.samples)
            for channel in range(self.layout.y_pred.channels)
        ]
        return PairCounts.merge(tables)

    def merge(self, answers: Sequence[PairCounts]) -> PairCounts:
        """Return the counts in all samples."""
        return PairCounts.merge(answers)


def count_scores_of_channels(ask: Ask, evidence: Evidence) -> Evidence:
    """Return the evidence with the scores of channels that overlap, if a threshold does not fit.

    Args:
        ask: asks the arrays.
        evidence: the facts so far.

    Raises:
        Unanswered: nobody knows.
    """
    interpretation, score = evidence.interpretation, evidence.repaired
    layout = interpretation.layout
    if not interpretation.is_multilabel or layout.relation is not Relation.EQUAL:
        return evidence
    if interpretation.y_pred not in {Encoding.PROBABILITIES, Encoding.LOGITS}:
        return evidence
    if not any(_is_on_one_side(entry, score.pixels.total) for entry in score.per_class):
        return evidence
    return replace(evidence, scores_of_channels=ask(CountChannelScores(layout)))


def _is_on_one_side(entry: ClassScore, pixels: int) -> bool:
    """Return whether the threshold leaves most of a channel, or of what lies outside, elsewhere."""
    inside, outside = entry.truth_pixels, pixels - entry.truth_pixels
    found, left = entry.predicted_pixels, pixels - entry.predicted_pixels
    if min(inside, outside) <= 0:
        return False
    return found < LEAST_SHARE_FOUND * inside or left < LEAST_SHARE_FOUND * outside


def _count_channel(channel: int, true: StoredArray, scores: StoredArray) -> PairCounts:
    """Return how often each pair of a true value, 0 or 1, and a score occurs."""
    truths, codes = true.reshape(-1), encode_rounded(scores.reshape(-1))
    known = (truths == 0) | (truths == 1)
    inside: NDArray[np.int64] = truths[known].astype(np.int64)
    pairs, count = np.unique(2 * codes[known] + inside, return_counts=True)
    return PairCounts.from_rows(
        image=np.full(len(pairs), channel, dtype=np.int64),
        truth=pairs & 1,
        prediction=pairs >> 1,
        count=count,
    )
