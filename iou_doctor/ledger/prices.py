"""Price the wrong pixels of a table of label pairs."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import count_class_areas, iterate_class_areas
from iou_doctor.counts.integer_storage import as_int64
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.sorted_rows import Counts, sum_duplicates
from iou_doctor.ledger.ledger import Arrays, ClassPrice, Ledger, PairPrice, SamplePrice
from iou_doctor.metrics.score import ClassScore, Score, compute_iou
from iou_doctor.record import record

MOST_ENTRIES = 1000
"""The maximum number of class pairs, and of samples, that a ledger lists one by one."""
LEAST_IMAGES = 12
"""The number of images below which none stands out."""
WHISKER = 1.5
"""How many interquartile ranges above the upper quartile an image stands out."""
FAR = 2
"""How many times the median it costs at least."""
NO_CLASS = -1
"""Stands for predictions that are no class of the mean."""


def build_ledger(
    pairs: PairCounts,
    score: Score,
    *,
    ignore_index: int | None,
    of: Arrays,
    name_sample: Callable[[int], str] = str,
) -> Ledger | None:
    """Return the account of a mean IoU; `None` if there is none.

    Args:
        pairs: the counts of label pairs of each image.
        score: the score of these pairs.
        ignore_index: the ignore label, if any.
        of: which arrays were counted.
        name_sample: returns the name of an image.
    """
    if score.mean_iou is None:
        return None
    counted = pairs.keep_counted(len(score.per_class), ignore_index)
    prices = Prices.of(score)
    listed, other_pairs = prices.price_pairs(counted.pool())
    images, points = price_samples(counted, prices)
    order = np.lexsort((images, -points))[:MOST_ENTRIES]
    dearest = order[points[order] > 0]
    chosen = images[dearest]
    means = _score_samples(counted, chosen, len(score.per_class), ignore_index)
    samples = [
        SamplePrice(image, name_sample(image), own, mean)
        for image, own, mean in zip(chosen.tolist(), points[dearest].tolist(), means, strict=True)
    ]
    outliers, outlier_points = _find_outliers(points)
    return Ledger(
        of=of,
        missing=1 - score.mean_iou,
        classes=prices.count,
        pairs=tuple(listed),
        other_pairs=other_pairs,
        by_class=prices.price_classes(),
        samples=tuple(samples),
        other_samples=float(np.delete(points, order).sum()),
        images=len(images),
        outliers=outliers,
        outlier_points=outlier_points,
    )


def _find_outliers(points: NDArray[np.float64]) -> tuple[int, float]:
    """Return how many images cost far more than the others, and their points.

    They cost 1.5 interquartile ranges more than the upper quartile, as in a box plot, and twice as
    much as the median.

    Args:
        points: of each image, shape (images,).
    """
    if len(points) < LEAST_IMAGES:
        return 0, 0.0
    ranks = np.linspace(0, 1, len(points))
    lower, median, upper = np.interp([0.25, 0.5, 0.75], ranks, np.sort(points)).tolist()
    far = points[points > max(upper + WHISKER * (upper - lower), FAR * median)]
    return len(far), float(far.sum())


@record
class Prices:
    """The price of a wrong pixel by class, and the areas that they come from."""

    score: Score
    count: int
    """The number of classes in the mean."""
    each: NDArray[np.float64]
    """What one wrong pixel costs on the side of each class, shape (classes + 1,). The last entry,
    at the index `NO_CLASS`, is 0, as are those of classes that are not in the mean."""

    @classmethod
    def of(cls, score: Score) -> Prices:
        """Return the prices of a score."""
        count = sum(entry.iou is not None for entry in score.per_class)
        each = [0.0 if one.iou is None else 1 / _get_union(one) / count for one in score.per_class]
        return cls(score, count, np.array([*each, 0.0]))

    def look_up(self, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what one wrong pixel costs on the side of each label, of the same shape."""
        known = (labels >= 0) & (labels < len(self.each) - 1)
        found: NDArray[np.float64] = self.each[np.where(known, labels, NO_CLASS)]
        return found

    def price_all_pairs(
        self, pool: PairCounts
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Counts, NDArray[np.float64]]:
        """Return the wrong class pairs of a pooled table: truth, prediction, pixels and points.

        Predictions that are no class of the mean are `NO_CLASS`. The shape is (pairs,) each.
        """
        wrong = pool.keep_rows(pool.truth != pool.prediction)
        prediction = np.where(self.look_up(wrong.prediction) > 0, wrong.prediction, NO_CLASS)
        if not len(wrong):
            return wrong.truth, prediction, wrong.count, np.zeros(0)
        (_, truths, predictions), count = sum_duplicates(
            (np.zeros_like(prediction), wrong.truth, prediction), wrong.count
        )
        points = count * (self.look_up(truths) + self.look_up(predictions))
        return truths, predictions, count, points

    def price_pairs(self, pool: PairCounts) -> tuple[list[PairPrice], float]:
        """Return the dearest class pairs of a pooled table, and the points of the others."""
        truths, predictions, count, points = self.price_all_pairs(pool)
        order = np.lexsort((predictions, truths, -points))
        dearest = order[:MOST_ENTRIES][points[order[:MOST_ENTRIES]] > 0]
        worths = self._find_worths(truths[dearest], predictions[dearest], count[dearest])
        listed = [
            PairPrice(truth, None if other == NO_CLASS else other, pixels, own, worth)
            for truth, other, pixels, own, worth in zip(
                truths[dearest].tolist(),
                predictions[dearest].tolist(),
                count[dearest].tolist(),
                points[dearest].tolist(),
                worths.tolist(),
                strict=True,
            )
        ]
        return listed, float(np.delete(points, dearest).sum())

    def _find_worths(
        self, truths: NDArray[np.int64], predictions: NDArray[np.int64], pixels: Counts
    ) -> NDArray[np.float64]:
        """Return how much the mean rises if the pixels of each pair alone were predicted right."""
        mean = self.score.mean_iou
        assert mean is not None
        unions, intersections = (
            np.array([*map(measure, self.score.per_class), 0])  # the last one is for `NO_CLASS`
            for measure in (_get_union, attrgetter("intersection"))
        )
        union, both = unions[predictions], intersections[predictions]
        left = union - pixels
        gained = pixels / unions[truths]
        gained += np.where(left > 0, both / np.maximum(left, 1), 0) - both / np.maximum(union, 1)
        gained[predictions == NO_CLASS] = (pixels / unions[truths])[predictions == NO_CLASS]
        # a class that only these pixels were predicted as leaves the mean
        classes = self.count - ((left == 0) & (predictions != NO_CLASS))
        worths: NDArray[np.float64] = (mean * self.count + gained) / classes - mean
        return worths

    def price_classes(self) -> tuple[ClassPrice, ...]:
        """Return what the wrong pixels of each class in the mean cost."""
        return tuple(
            ClassPrice(
                entry.id,
                (entry.truth_pixels - entry.intersection) * float(self.each[entry.id]),
                (entry.predicted_pixels - entry.intersection) * float(self.each[entry.id]),
            )
            for entry in self.score.per_class
            if entry.iou is not None
        )


def _get_union(entry: ClassScore) -> int:
    return entry.truth_pixels + entry.predicted_pixels - entry.intersection


def price_samples(
    table: PairCounts, prices: Prices
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the images of a table in ascending order, and the points of each.

    Args:
        table: the counts of label pairs whose truth is a class.
        prices: what the wrong pixels of each class cost.
    """
    each = prices.each[:-1]
    known, points = [], []
    for truth, predicted, intersection in iterate_class_areas(
        table, images=table.image_span[1] + 1, classes=len(each)
    ):
        known.append(truth.any(axis=1))
        points.append(((truth + predicted - 2 * intersection) * each).sum(axis=1))
    images = np.flatnonzero(np.concatenate(known))
    return images, np.concatenate(points)[images]


def _score_samples(
    table: PairCounts, images: NDArray[np.int64], classes: int, ignore_index: int | None
) -> list[float | None]:
    """Return the mean IoU of each of some images alone.

    Args:
        table: the counts of label pairs.
        images: the numbers of the images.
        classes: the number of classes.
        ignore_index: the ignore label, if any.
    """
    areas = count_class_areas(table, images=table.image_span[1] + 1, classes=classes)
    iou = compute_iou(*(as_int64(area[images]) for area in areas), ignore_index=ignore_index)
    absent = np.isnan(iou)
    counted = (~absent).sum(axis=1)
    means = np.where(absent, 0, iou).sum(axis=1) / np.maximum(counted, 1)
    return [
        mean if count else None
        for mean, count in zip(means.tolist(), counted.tolist(), strict=True)
    ]
