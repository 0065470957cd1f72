"""Scores that are averaged over many thresholds, as papers on saliency report them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate

Sums = NDArray[np.float64]
LARGEST = 255
LEVELS = 256
FEWEST_LEVELS = 3
"""The minimum number of distinct predictions: fewer are no scores."""
TWO_LABELS = 2

_MEAN = Cause(
    "threshold-off",
    "the mean over all thresholds of 8-bit predictions",
    "compare with the score at one threshold, as in predictions > 127",
    prior=0.5,
)
_BEST = replace(_MEAN, claim="the best of all thresholds of 8-bit predictions")
_TENTHS = replace(
    _MEAN,
    claim="the mean over the thresholds 0.1, 0.2 to 0.9",
    next_step="compare with the score at one threshold, as in predictions > 0.5",
    prior=0.4,
)
_ONE_TENTH = replace(
    _TENTHS,
    claim="the scores are cut at 0.{tenth}",
    next_step="search for the threshold, and compare with the score at 0.5",
    prior=0.35,
)
_BEST_TENTH = replace(_TENTHS, claim="the best of the thresholds 0.1, 0.2 to 0.9")


def average_thresholds(pairs: PairCounts) -> Iterator[Candidate]:
    """Yield means over the thresholds of predictions from 0 to 255, for masks of two labels.

    Args:
        pairs: the pairs of stored numbers.
    """
    low, high = pairs.prediction_span
    is_scores = low >= 0 and high <= LARGEST and len(pairs.count_predictions()) >= FEWEST_LEVELS
    if is_scores and _holds_foreground(pairs):
        causes = _MEAN, _BEST
        for cuts in (slice(1, None), slice(None)):
            words = f"{len(range(LEVELS)[cuts])} thresholds"
            yield from _average(pairs, LEVELS, cuts, words, causes)
        beyond = slice(1, LEVELS + 1)  # nothing is above 255
        yield from _average(pairs, LEVELS + 1, beyond, "the thresholds > 0 to > 255", causes)


def average_tenths(pairs: PairCounts) -> Iterator[Candidate]:
    """Yield what nine thresholds of scores give, each and in the mean, for masks of two labels.

    Args:
        pairs: of the stored masks and the number of thresholds that each score reaches.
    """
    if len(pairs) and _holds_foreground(pairs) and pairs.prediction_span[0] >= 0:
        yield from _average(pairs, 10, slice(1, None), "nine thresholds", (_TENTHS, _BEST_TENTH))
        yield from _cut_at_tenths(pairs)


def _holds_foreground(pairs: PairCounts) -> bool:
    truths = pairs.count_truths()
    return len(truths) == TWO_LABELS and min(truths) == 0


def _average(
    pairs: PairCounts, levels: int, cuts: slice, words: str, causes: tuple[Cause, Cause]
) -> Iterator[Candidate]:
    for groups, where in ((pairs.pool(), ""), (pairs, " of each image")):
        truth, predicted, both = (table[:, cuts] for table in _count_above(groups, levels))
        areas = truth + predicted
        for name, over, under in (("Dice", 2 * both, areas), ("IoU", both, areas - both)):
            ratios = np.divide(over, under, out=np.zeros_like(over), where=under > 0)
            values = float(ratios.mean()), float(ratios.mean(axis=0).max())
            for cause, value, kind in zip(causes, values, ("mean over", "best of"), strict=True):
                yield Candidate(value, cause, f"{name}{where}, {kind} {words}", cause.prior)


def _cut_at_tenths(pairs: PairCounts) -> Iterator[Candidate]:
    """Yield the scores of class 1, and the means of two classes, at each threshold but 0.5."""
    for groups, where in ((pairs.pool(), ""), (pairs, " of each image")):
        truth, predicted, both = _count_above(groups, 10)
        pixels = _sum_pixels(groups, len(truth))[:, np.newaxis]
        neither = pixels - truth - predicted + both
        ratios = {
            "Dice": (2 * both, truth + predicted),
            "IoU": (both, truth + predicted - both),
            "IoU of class 0": (neither, pixels - both),
        }
        values = {
            name: np.divide(over, under, out=np.ones_like(over), where=under > 0).mean(axis=0)
            for name, (over, under) in ratios.items()
        }
        background = values.pop("IoU of class 0")
        values["mean IoU"] = (values["IoU"] + background) / 2
        for (name, value), tenth in product(values.items(), (1, 2, 3, 4, 6, 7, 8, 9)):
            cause = replace(_ONE_TENTH, claim=_ONE_TENTH.claim.format(tenth=tenth))
            of_class = "" if name.startswith("mean") else " of class 1"
            yield Candidate(float(value[tenth]), cause, f"{name}{of_class}{where}", cause.prior)


def _count_above(pairs: PairCounts, levels: int) -> tuple[Sums, Sums, Sums]:
    """Return areas at each level, shape (groups, levels): the pixels whose value reaches it."""
    first, last = pairs.image_span
    shape = last - first + 1, levels
    cells = (pairs.image - first) * levels + pairs.prediction
    every, hit = (
        np.bincount(cells, weights, shape[0] * levels).reshape(shape)
        for weights in (pairs.count, pairs.count * (pairs.truth > 0))
    )
    predicted, both = (np.cumsum(table[:, ::-1], axis=1)[:, ::-1] for table in (every, hit))
    true = _sum_truth(pairs, shape[0])
    truth = np.broadcast_to(true[:, np.newaxis], shape)
    return truth.astype(np.float64), predicted.astype(np.float64), both.astype(np.float64)


def _sum_truth(pairs: PairCounts, groups: int) -> Sums:
    weights = pairs.count * (pairs.truth > 0)
    return np.bincount(pairs.image - pairs.image_span[0], weights, groups).astype(np.float64)


def _sum_pixels(pairs: PairCounts, groups: int) -> Sums:
    images = pairs.image - pairs.image_span[0]
    return np.bincount(images, pairs.count, groups).astype(np.float64)
