"""Healthy data of rarer kinds: single images, ids with gaps, sparse labels, volumes, multilabel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
from scipy import ndimage
from scipy.special import expit

from casebook import maps
from casebook.cases import Arrays, at, labels, rng
from casebook.scenes import Array, Scene, mean_iou, scores_of

SHAPES = ((24, 40, 48), (32, 32, 32), (40, 48, 18))
"""Depth, height and width of the volumes; one of them is a cube."""
MULTILABEL = (
    "torchmetrics.JaccardIndex(task='multilabel', num_labels=3)",
    "torchmetrics.classification.MultilabelJaccardIndex(num_labels=3)",
    "monai.metrics.DiceMetric()",
)
VOID = 255


def one_image(place: str) -> Arrays:
    """Give one of the images, with an axis for the samples or without."""
    source, dice = at(place), rng("one image", place)
    one = source.take([int(dice.integers(source.samples))])
    true, pred = one.truth, one.predicted
    if one.classes == 2 and dice.random() < 0.5:
        true, pred = true.astype(bool), pred.astype(bool)
    score = mean_iou(one.truth, one.predicted, one.classes)
    options = {} if dice.random() < 0.5 else {"num_classes": one.classes}
    return labels(one, y_true=true, y_pred=pred, options=options, clean=score)


def gapped_ids(place: str) -> Arrays:
    """Give the same ids with gaps in both arrays: 10, 20, 30, or any others."""
    source, dice = at(place), rng("gaps", place)
    tens = 10 * np.arange(1, source.classes + 1)
    drawn = np.sort(dice.choice(np.arange(1, 240), source.classes, replace=False))
    table = tens if source.classes < 25 and dice.random() < 0.5 else drawn
    table = table.astype(np.uint8)
    return labels(source, y_true=table[source.truth], y_pred=table[source.predicted], options={})


def one_id_unused(place: str) -> Arrays:
    """Leave out one id in both arrays, and give the number of classes with it."""
    source, dice = at(place), rng("unused", place)
    left_out = int(dice.integers(0, source.classes))
    table = np.delete(np.arange(source.classes + 1), left_out).astype(np.uint8)
    options = {"num_classes": source.classes + 1}
    return labels(
        source, y_true=table[source.truth], y_pred=table[source.predicted], options=options
    )


def sparse_labels(place: str) -> Arrays:
    """Label a few scribbles only, and say what the rest is."""
    source, dice = at(place), rng("sparse", place)
    share = dice.uniform(0.1, 0.4)
    wide = (0, *[1.5] * (source.truth.ndim - 1))
    heights = ndimage.gaussian_filter(dice.normal(size=source.truth.shape), wide)
    scribbled = heights < np.quantile(heights, share)
    true = np.where(scribbled, source.truth, VOID).astype(np.uint8)
    options = {"num_classes": source.classes, "ignore_index": VOID}
    score = mean_iou(np.where(scribbled, source.truth, -1), source.predicted, source.classes)
    return labels(source, y_true=true, options=options, clean=score)


def of_places(kind: str, place: str) -> Iterator[tuple[str, partial[Arrays]]]:
    """Yield the variants of one scene.

    Args:
        kind: the kind of the scene.
        place: its kind and quality, for `at`.
    """
    builders = [one_image, gapped_ids, sparse_labels]
    if kind != "patches-150":  # 256 ids hold no more than that
        builders.append(one_id_unused)
    for build in builders:
        yield f"{build.__name__.replace('_', ' ')} on {place}", partial(build, place)


@cache
def _draw_volume(shape: tuple[int, int, int], classes: int, quality: float) -> Scene:
    dice = rng("volume", shape, classes, quality)
    heights = ndimage.gaussian_filter(dice.normal(size=(classes, *shape)), (0, 4, 5, 5))
    heights /= heights.std()
    heights[0] += 0.8
    truth = heights.argmax(0)[None].astype(np.uint8)
    return Scene("volume", truth, scores_of(truth, classes, quality, dice), classes)


def volume(shape: tuple[int, int, int], classes: int, quality: float, form: str) -> Arrays:
    """Give one volume as slices, with a leading axis, or between empty slices."""
    source = _draw_volume(shape, classes, quality)
    true, pred = source.truth, source.predicted
    if form == "slices":
        return labels(source, y_true=true[0], y_pred=pred[0])
    if form == "no options":
        return labels(source, y_true=true[0], y_pred=pred[0], options={})
    if form == "between empty slices":
        empty = ((shape[0] // 2, shape[0] // 3), (0, 0), (0, 0))
        true, pred = np.pad(true[0], empty), np.pad(pred[0], empty)
        return labels(source, y_true=true, y_pred=pred, clean=mean_iou(true, pred, classes))
    return labels(source)


def of_volumes(qualities: tuple[float, ...]) -> Iterator[tuple[str, partial[Arrays]]]:
    """Yield volumes of all shapes, with 2 to 5 classes."""
    for shape in SHAPES:
        for classes in (2, 3, 5):
            for quality in qualities:
                for form in ("slices", "no options", "leading axis", "between empty slices"):
                    name = f"volume {shape}, {classes} classes, {quality:g}, {form}"
                    yield name, partial(volume, shape, classes, quality, form)


@cache
def _draw_channels(quality: float, seed: int) -> tuple[Array, Array]:
    """Return masks and scores of three labels that may overlap, shape (12, 3, 48, 56)."""
    dice = rng("channels", quality, seed)
    parts = [np.stack([maps.blobs(dice, 48, 56) for _ in range(12)]) for _ in range(3)]
    parts[2][::3] = 0  # a label that some images lack
    scores = [scores_of(part.astype(np.uint8), 2, quality, dice) for part in parts]
    margins = np.stack([score[..., 1] - score[..., 0] for score in scores], axis=1)
    return np.stack(parts, axis=1).astype(np.uint8), expit(margins)


def multilabel(quality: float, seed: int, metric: str, form: str) -> Arrays:
    """Give overlapping channels as 0 and 1, or as sigmoid scores."""
    true, scores = _draw_channels(quality, seed)
    pred = scores.astype(np.float32) if form == "sigmoid" else (scores > 0.5).astype(np.uint8)
    if metric.startswith("monai"):
        true, pred = true.astype(np.float32), (scores > 0.5).astype(np.float32)
    return Arrays(true, pred, {"metric": metric})


def of_channels(qualities: tuple[float, ...]) -> Iterator[tuple[str, partial[Arrays]]]:
    """Yield multilabel data for several metrics."""
    for quality in qualities:
        for seed in range(3):
            for metric in MULTILABEL:
                for form in ("labels", "sigmoid"):
                    name = f"multilabel {quality:g}, {seed}, {metric}, {form}"
                    yield name, partial(multilabel, quality, seed, metric, form)
