"""What implementations that were never run here report, computed pixel by pixel in boolean masks.

Nothing of this is shared with the package: no tables of pairs, no areas, no choices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Ratio = Callable[[Array, Array], float]


class RaisesError(Exception):
    """The implementation would raise."""


def one_hot(labels: Array, classes: int) -> Array:
    """Return a channel for each class; a label outside them has none."""
    return (labels[..., np.newaxis] == np.arange(classes)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Maps:
    """Label maps, shape (n, pixels), as a script holds them."""

    truth: Array
    pred: Array
    classes: int
    ignore: int | None

    def counted(self) -> Maps:
        """Return the pixels whose truth is a class that counts, as one image."""
        keep = np.isin(self.truth, range(self.classes)) & (self.truth != self.ignore)
        return replace(self, truth=self.truth[keep][None], pred=self.pred[keep][None])

    def images(self) -> list[Maps]:
        return self.batches(1)

    def batches(self, size: int) -> list[Maps]:
        starts = range(0, len(self.truth), size)
        return [
            replace(self, truth=self.truth[i : i + size], pred=self.pred[i : i + size])
            for i in starts
        ]

    def ids(self) -> list[int]:
        """Return the classes that can be in a mean."""
        return [label for label in range(self.classes) if label != self.ignore]


def divided(over: float, under: float, *, empty: float = np.nan) -> float:
    return over / under if under else empty


def iou(t: Array, p: Array, *, empty: float = np.nan) -> float:
    return divided((t & p).sum(), (t | p).sum(), empty=empty)


def dice(t: Array, p: Array) -> float:
    return divided(2 * (t & p).sum(), t.sum() + p.sum())


def recall(t: Array, p: Array) -> float:
    return divided((t & p).sum(), t.sum())


def precision(t: Array, p: Array) -> float:
    return divided((t & p).sum(), p.sum())


def known_mean(values: list[float]) -> float:
    """Return the mean of what is not NaN; NaN of nothing."""
    kept = [value for value in values if not np.isnan(value)]
    return sum(kept) / len(kept) if kept else np.nan


def ratios(maps: Maps, ratio: Ratio = iou, ids: list[int] | None = None) -> list[float]:
    maps = maps.counted()
    chosen = maps.ids() if ids is None else ids
    return [ratio(maps.truth == label, maps.pred == label) for label in chosen]


def mean_of(maps: Maps, ratio: Ratio = iou, ids: list[int] | None = None) -> float:
    return known_mean(ratios(maps, ratio, ids))


def of_images(maps: Maps, ratio: Ratio = iou) -> float:
    return known_mean([mean_of(image, ratio) for image in maps.images()])


def of_batches(maps: Maps, size: int) -> float:
    return float(np.mean([mean_of(batch) for batch in maps.batches(size)]))


def absent_as(maps: Maps, value: float) -> float:
    return float(np.mean([value if np.isnan(entry) else entry for entry in ratios(maps)]))


def micro(maps: Maps) -> float:
    maps = maps.counted()
    pairs = [(maps.truth == label, maps.pred == label) for label in maps.ids()]
    return divided(sum((t & p).sum() for t, p in pairs), sum((t | p).sum() for t, p in pairs))


def frequency_weighted(maps: Maps) -> float:
    counted = maps.counted()
    shares = [(counted.truth == label).sum() for label in counted.ids()]
    parts = zip(shares, ratios(maps), strict=True)
    return divided(sum(n * value for n, value in parts if n), sum(shares))


def accuracy(maps: Maps) -> float:
    maps = maps.counted()
    return divided((maps.truth == maps.pred).sum(), maps.truth.size)


def cityscapes(maps: Maps) -> float:
    odd = ~np.isin(maps.truth, range(maps.classes)) & (maps.truth != maps.ignore)
    if odd.any():
        raise RaisesError
    return mean_of(maps)


def pascal_voc(maps: Maps) -> float:
    keep = np.ones(maps.truth.shape, bool) if maps.ignore is None else maps.truth != maps.ignore
    matrix = np.zeros((maps.classes, maps.classes))
    for t, p in zip(maps.truth[keep].tolist(), maps.pred[keep].tolist(), strict=True):
        if not 0 <= p < maps.classes or not 0 <= maps.classes * p + t < maps.classes**2:
            raise RaisesError
        matrix.flat[maps.classes * p + t] += 1
    union = matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    with np.errstate(invalid="ignore"):
        return float((matrix.diagonal() / union).mean())


def smp_weighted(maps: Maps) -> float:
    if maps.ignore is not None and 0 <= maps.ignore < maps.classes:
        raise RaisesError
    keep = np.ones(maps.truth.shape, bool) if maps.ignore is None else maps.truth != maps.ignore
    sides = [((maps.truth == c) & keep, (maps.pred == c) & keep) for c in range(maps.classes)]
    truths = [t.sum() for t, _ in sides]
    shares = [divided(count, sum(truths)) for count in truths]
    return sum(s * iou(t, p, empty=1.0) for s, (t, p) in zip(shares, sides, strict=True))


def of_labels(maps: Maps, batch_size: int) -> dict[str, Callable[[], float]]:
    """Return each contract on label maps that has no recorded answer, with what computes it."""
    foreground = [label for label in maps.ids() if label != 0]
    return {
        "plain.mean_iou": lambda: mean_of(maps),
        "plain.mean_iou[images]": lambda: of_images(maps),
        "plain.mean_iou[batches]": lambda: of_batches(maps, batch_size),
        "plain.mean_iou[no background]": lambda: mean_of(maps, ids=foreground),
        "plain.iou[foreground]": lambda: mean_of(maps, ids=[1]),
        "plain.micro_iou": lambda: micro(maps),
        "plain.frequency_weighted_iou": lambda: frequency_weighted(maps),
        "plain.pixel_accuracy": lambda: accuracy(maps),
        "plain.mean_accuracy": lambda: mean_of(maps, recall),
        "plain.mean_precision": lambda: mean_of(maps, precision),
        "plain.mean_dice": lambda: mean_of(maps, dice),
        "plain.mean_dice[images]": lambda: of_images(maps, dice),
        "plain.dice[foreground]": lambda: mean_of(maps, dice, ids=[1]),
        "plain.mean_iou[absent 0]": lambda: absent_as(maps, 0.0),
        "plain.mean_iou[absent 1]": lambda: absent_as(maps, 1.0),
        "cityscapes.evalPixelLevelSemanticLabeling": lambda: cityscapes(maps),
        "pascal_voc.VOCevalseg": lambda: pascal_voc(maps),
        "smp.iou_score[weighted]": lambda: smp_weighted(maps),
    }


def smooth_iou(t: Array, p: Array, smooth: float, axes: tuple[int, ...]) -> Array:
    common = (t * p).sum(axes)
    return (common + smooth) / (t.sum(axes) + p.sum(axes) - common + smooth)


def smooth_dice(t: Array, p: Array, smooth: float, axes: tuple[int, ...], power: int = 1) -> Array:
    sums = (t**power).sum(axes) + (p**power).sum(axes)
    return (2 * (t * p).sum(axes) + smooth) / (sums + smooth)


def of_scores(truth: Array, scores: Array, batch_size: int) -> dict[str, Callable[[], float]]:
    """Return what coefficients of one-hot masks and scores report, both (n, pixels, channels)."""
    t, p = truth.astype(np.float64), scores.astype(np.float64)
    every, image, column = (0, 1, 2), (1, 2), (0, 1)

    def batches(function: Callable[..., Array], *arguments: Any) -> float:
        values = [
            function(t[i : i + batch_size], p[i : i + batch_size], *arguments).mean()
            for i in range(0, len(t), batch_size)
        ]
        return float(np.mean(values))

    def by_column(t: Array, p: Array, function: Callable[..., Array], cut: float | None) -> Array:
        if t.shape[-1] > 1 and not (t.any(-1).all() and p.any(-1).all()):
            raise RaisesError  # a label without a channel
        return function(t, p if cut is None else 1.0 * (p > cut), 1e-5, column)

    return {
        "keras_backend.jaccard[flat,smooth=1]": lambda: batches(smooth_iou, 1, every),
        "keras_backend.dice[flat,smooth=1]": lambda: batches(smooth_dice, 1, every),
        "keras_backend.dice[squared,smooth=1]": lambda: batches(smooth_dice, 1, every, 2),
        "keras_backend.jaccard[images,smooth=1]": lambda: float(smooth_iou(t, p, 1, image).mean()),
        "keras_backend.dice[images,smooth=1]": lambda: float(smooth_dice(t, p, 1, image).mean()),
        "segmentation_models.FScore": lambda: batches(by_column, smooth_dice, None),
        "segmentation_models.FScore[threshold=0.5]": lambda: batches(by_column, smooth_dice, 0.5),
        "segmentation_models.IOUScore": lambda: batches(by_column, smooth_iou, None),
        "segmentation_models.IOUScore[threshold=0.5]": lambda: batches(by_column, smooth_iou, 0.5),
    }
