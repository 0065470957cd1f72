"""Where the difference between two mean IoUs of the same masks comes from, without a rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.integer_storage import as_int64
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.sorted_rows import sum_duplicates
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.interval import CONFIDENCE, Interval, Intervals, estimate_change
from iou_doctor.ledger.prices import MOST_ENTRIES, NO_CLASS, Prices, price_samples
from iou_doctor.metrics.score import Score
from iou_doctor.record import record


@record
class PairChange:
    """What the pixels of one class that are predicted as another one contribute."""

    truth: int
    prediction: int | None
    """The class id; `None` for predictions that are no class of the mean."""
    pixels: tuple[int, int]
    """Their number before and after."""
    gain: float
    """The part of the difference. These parts add up."""


@record
class ClassChange:
    """The IoU of a class before and after."""

    id: int
    iou: tuple[float | None, float | None]
    interval: Interval | None = None
    """Of the difference; `None` if too few images have the class."""


@record
class SampleChange:
    """What one sample contributes."""

    sample: int
    name: str
    """The stem of its file, or its number."""
    gain: float
    """The part of the difference. These parts add up."""


@record
class Difference:
    """The difference of two mean IoUs, cut by class pair and by sample. Each cut adds up to it."""

    mean_iou: tuple[float, float]
    """Before and after."""
    pairs: tuple[PairChange, ...]
    """The pairs that contribute most, either way."""
    other_pairs: float
    classes: tuple[ClassChange, ...]
    samples: tuple[SampleChange, ...]
    """The samples that contribute most, either way. The label pairs of each have changed."""
    other_samples: float
    """What all others contribute. A sample that is as before may cost something else, because the
    unions of its classes have changed."""
    better: int
    """The number of samples that have changed, and whose errors cost less than before."""
    worse: int
    won: float
    """What the samples that are better contribute."""
    lost: float
    interval: Interval | None
    """Of the difference, with the same images drawn for both; `None` for fewer than two images."""
    knows_all: bool = True
    """Whether every sample that has changed is known. Reports list the dearest ones alone."""

    @property
    def gain(self) -> float:
        """The mean IoU after, minus the one before."""
        return self.mean_iou[1] - self.mean_iou[0]

    @property
    def is_within_noise(self) -> bool | None:
        """Whether the interval of the difference holds 0; `None` without an interval."""
        return None if self.interval is None else self.interval.holds_zero


def build_difference(
    before: Counted,
    after: Counted,
    *,
    confidence: float = CONFIDENCE,
    name_sample: Callable[[int], str] = str,
) -> Difference | None:
    """Return where a difference comes from; `None` if one of the mean IoUs is undefined.

    Args:
        before: the one side, of the same images in the same order as the other.
        after: the other side.
        confidence: the share of the drawn data sets that an interval holds.
        name_sample: returns the name of an image.
    """
    if before.score.mean_iou is None or after.score.mean_iou is None:
        return None
    pairs, other_pairs = _compare_pairs(before, after)
    images, gains = _compare_samples(before, after)
    changed = np.isin(images, _find_changed(before.scored, after.scored))
    rest = float(gains[~changed].sum())
    images, gains = images[changed], gains[changed]
    order = np.lexsort((images, -np.abs(gains)))[:MOST_ENTRIES]
    intervals = _estimate_intervals(before, after, confidence)
    return Difference(
        mean_iou=(before.score.mean_iou, after.score.mean_iou),
        pairs=tuple(pairs),
        other_pairs=other_pairs,
        classes=_compare_classes(before.score, after.score, intervals),
        samples=tuple(
            SampleChange(int(images[at]), name_sample(int(images[at])), float(gains[at]))
            for at in order.tolist()
            if gains[at]
        ),
        other_samples=float(np.delete(gains, order).sum()) + rest,
        better=int((gains > 0).sum()),
        worse=int((gains < 0).sum()),
        won=float(gains[gains > 0].sum()),
        lost=float(gains[gains < 0].sum()),
        interval=intervals.mean,
    )


def _compare_pairs(before: Counted, after: Counted) -> tuple[list[PairChange], float]:
    """Return the pairs that contribute most, and the part of all others."""
    found: dict[tuple[int, int], list[float]] = {}
    for side, counted in enumerate((before, after)):
        prices = Prices.of(counted.score)
        truths, predictions, count, points = prices.price_all_pairs(counted.scored.pool())
        for key, pixels, each in zip(
            zip(truths.tolist(), predictions.tolist(), strict=True),
            count.tolist(),
            points.tolist(),
            strict=True,
        ):
            entry = found.setdefault(key, [0, 0, 0.0])
            entry[side] += pixels
            entry[2] += (1 - 2 * side) * each
    ranked = sorted(found.items(), key=lambda item: (-abs(item[1][2]), item[0]))
    listed = [
        PairChange(
            truth,
            None if prediction == NO_CLASS else prediction,
            (int(pixels_before), int(pixels_after)),
            gain,
        )
        for (truth, prediction), (pixels_before, pixels_after, gain) in ranked[:MOST_ENTRIES]
        if gain
    ]
    return listed, sum(entry[2] for _, entry in ranked[MOST_ENTRIES:])


def _compare_classes(before: Score, after: Score, intervals: Intervals) -> tuple[ClassChange, ...]:
    ious = [{one.id: one.iou for one in score.per_class} for score in (before, after)]
    ids = sorted(set(ious[0]) | set(ious[1]))
    return tuple(
        ClassChange(one, (ious[0].get(one), ious[1].get(one)), intervals.classes.get(one))
        for one in ids
    )


def _compare_samples(
    before: Counted, after: Counted
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the images, ascending, and the part of the difference that each contributes."""
    sides = [price_samples(side.scored, Prices.of(side.score)) for side in (before, after)]
    images = np.union1d(sides[0][0], sides[1][0])
    gains = np.zeros(len(images))
    for sign, (own, points) in zip((1, -1), sides, strict=True):
        gains[np.searchsorted(images, own)] += sign * points
    return images, gains


def _find_changed(before: PairCounts, after: PairCounts) -> NDArray[np.int64]:
    """Return the images whose label pairs are not the same in both tables, shape (n,)."""
    columns = (
        np.concatenate([as_int64(one), as_int64(other)])
        for one, other in (
            (before.image, after.image),
            (before.truth, after.truth),
            (before.prediction, after.prediction),
            (before.count, -as_int64(after.count)),
        )
    )
    *keys, count = columns
    (image, _, _), change = sum_duplicates((keys[0], keys[1], keys[2]), count)
    return np.unique(image[change != 0])


def _estimate_intervals(before: Counted, after: Counted, confidence: float) -> Intervals:
    """Return the paired intervals of the difference."""
    images = 1 + max(side.scored.image_span[1] for side in (before, after))
    return estimate_change(before.count_areas(images), after.count_areas(images), confidence)
