"""Healthy data of many kinds, each with the metric call that fits: no rule may raise an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from typing import Any

import numpy as np

from casebook import healthy_kinds, real
from casebook.cases import (
    BINARY,
    DENSE,
    ONE_HOT,
    Arrays,
    at,
    binary,
    dense,
    encoded,
    folder,
    labels,
    rng,
)
from casebook.scenes import KINDS, Array, Scene, mean_iou
from casebook.sick_ids import borders

TRUE_OF_THE_DATA = frozenset(
    {"class-imbalance", "never-predicted-class", "unlabelled-class-predicted"}
)
"""Warnings that say what is so of the data and the model, not that something is broken."""
QUALITIES = (0.9, 0.7, 0.45)
DTYPES = (np.uint8, np.int16, np.int32, np.int64, np.float32)
FLOATS = (np.float32, np.float16, np.float64)
BINARY_KINDS = ("blobs", "blobs-square", "specks", "cells", "sometimes")
REAL_BOOTSTRAPS = 30


@dataclass(frozen=True)
class Healthy:
    """One variant; nothing is wrong with it."""

    name: str
    build: Callable[[], Arrays]


def variants() -> Iterator[Healthy]:
    """Return all variants: generated ones first, then real data where it is there."""
    for kind in KINDS:
        for quality in QUALITIES:
            yield from _of_scene(f"{kind}/{quality:g}")
            yield from starmap(Healthy, healthy_kinds.of_places(kind, f"{kind}/{quality:g}"))
    yield from starmap(Healthy, healthy_kinds.of_volumes(QUALITIES))
    yield from starmap(Healthy, healthy_kinds.of_channels(QUALITIES))
    for share in (0, 0.05, 0.2, 0.4, 0.6):
        for kind in KINDS:
            place = f"{kind}/0.9"
            yield Healthy(f"{share:.0%} noise on {place}", partial(noisy, place, share))
    if real.missing() is None:
        for seed in range(REAL_BOOTSTRAPS):
            yield Healthy(f"bootstrap {seed} of {real.PLACE}", partial(real_bootstrap, seed))


def _of_scene(place: str) -> Iterator[Healthy]:
    kind = place.split("/")[0]
    builders: list[Callable[[str], Arrays]] = [
        as_labels,
        no_options,
        as_softmax,
        as_logits,
        as_one_hot,
        with_void,
        bootstrap,
        last_class_rare,
    ]
    if kind in BINARY_KINDS:
        builders += [as_sigmoid, as_sigmoid_flat, as_two_channels_thresholded]
    if kind not in {"volume", "patches-150"}:
        builders += [of_many_sizes, as_files]
    for build in builders:
        yield Healthy(f"{build.__name__.replace('_', ' ')} on {place}", partial(build, place))


def as_labels(place: str) -> Arrays:
    source, dice = at(place), rng("labels", place)
    true, pred = dice.choice(DTYPES), dice.choice(DTYPES)
    y_true, y_pred = source.truth.astype(true), source.predicted.astype(pred)
    if dice.random() < 0.4:
        y_true, y_pred = y_true[..., None], y_pred[..., None]
    return labels(source, y_true=y_true, y_pred=y_pred)


def no_options(place: str) -> Arrays:
    """Let the doctor find the number of classes."""
    return labels(at(place), options={})


def as_softmax(place: str) -> Arrays:
    source, dice = at(place), rng("softmax", place)
    true = source.truth[..., None] if dice.random() < 0.5 else source.truth
    return dense(source, y_true=true, y_pred=source.softmax(dice.choice(FLOATS)))


def as_logits(place: str) -> Arrays:
    source = at(place)
    return dense(source, y_pred=source.logits(rng("logits", place).choice(FLOATS)))


def as_one_hot(place: str) -> Arrays:
    source, dice = at(place), rng("one-hot", place)
    true = source.one_hot(dice.choice((np.uint8, np.float32, np.bool_)))
    return encoded(source, y_true=true, y_pred=source.softmax(dice.choice(FLOATS)))


def with_void(place: str) -> Arrays:
    """Give void borders and say so; half of the time predictions are void there too.

    The model errs away from the borders as well, or nothing would be left to score.
    """
    source, dice = at(place), rng("void", place)
    label = int(dice.choice((255, 200)))
    border = borders(source.truth)
    true = np.where(border, label, source.truth).astype(np.uint8)
    if dice.random() < 0.3:
        call = DENSE.format(f"{source.classes}, ignore_class={label}")
        return dense(source, y_true=true, options={"metric": call}, clean=None)
    pred = np.where(dice.random(border.shape) < 0.02, 0, source.predicted)
    if dice.random() < 0.5:
        pred = np.where(border, label, pred)
    options = {"num_classes": source.classes, "ignore_index": label}
    return labels(source, y_true=true, y_pred=pred, options=options, clean=None)


def bootstrap(place: str) -> Arrays:
    """Draw half of the samples, in another order."""
    source = at(place)
    picked = rng("bootstrap", place).permutation(source.samples)[: max(1, source.samples // 2)]
    return _some(source.take(picked))


def last_class_rare(place: str) -> Arrays:
    """Leave out the samples that have most of the last class."""
    source = at(place)
    share = (source.truth == source.classes - 1).reshape(source.samples, -1).sum(1)
    return _some(source.take(np.sort(np.argsort(share)[: max(1, source.samples // 3)])))


def _some(source: Scene) -> Arrays:
    score = mean_iou(source.truth, source.predicted, source.classes)
    return labels(source, clean=score)


def as_sigmoid(place: str) -> Arrays:
    source, dice = at(place), rng("sigmoid", place)
    pred = source.sigmoid(dice.choice(FLOATS))[..., None]
    return binary(source, y_true=source.truth[..., None].astype(np.float32), y_pred=pred)


def as_sigmoid_flat(place: str) -> Arrays:
    return binary(at(place), options={"metric": BINARY})


def as_two_channels_thresholded(place: str) -> Arrays:
    """Give one-hot masks and saturated softmax."""
    source = at(place)
    pred = np.eye(2, dtype=np.float32)[source.predicted]
    return encoded(source, y_pred=pred, options={"metric": ONE_HOT.format(2)})


def of_many_sizes(place: str) -> Arrays:
    """Write images of different sizes."""
    source, dice = at(place), rng("sizes", place)
    true, pred = [], []
    for mask, said in zip(source.truth, source.predicted, strict=True):
        top, left = dice.integers(0, mask.shape[0] // 3), dice.integers(0, mask.shape[1] // 3)
        true.append(mask[top:, left:])
        pred.append(said[top:, left:])
    return labels(source, y_true=folder(true), y_pred=folder(pred), clean=None)


def as_files(place: str) -> Arrays:
    source = at(place)
    return labels(source, y_true=folder(source.truth), y_pred=folder(source.predicted))


def noisy(place: str, share: float) -> Arrays:
    """Draw a share of the predictions anew: a poor model whose errors know no borders."""
    source, dice = at(place), rng("noise", place, share)
    anew = dice.random(source.truth.shape) < share
    drawn = dice.integers(0, source.classes, source.truth.shape)
    pred: Array = np.where(anew, drawn, source.predicted)
    score = mean_iou(source.truth, pred, source.classes)
    return labels(source, y_pred=pred.astype(np.uint8), clean=score)


def real_bootstrap(seed: int) -> Arrays:
    """Draw ten of the thirty real images; void is named."""
    picked = rng("camvid", seed).choice(30, 10, replace=False)
    true, pred = real.masks()[picked], real.probabilities()[picked]
    left = np.where(true == real.VOID, -1, true.astype(int))
    score = mean_iou(left, pred.argmax(-1), real.CLASSES)
    if seed % 3 == 0:
        options: dict[str, Any] = {"num_classes": real.CLASSES, "ignore_index": real.VOID}
        return Arrays(true, pred.argmax(-1).astype(np.uint8), options, score)
    if seed % 3 == 1:
        call = DENSE.format(f"{real.CLASSES}, ignore_class={real.VOID}")
        return Arrays(true, pred, {"metric": call}, score)
    filled = real.camvid().take(picked)
    return encoded(filled, clean=mean_iou(filled.truth, filled.predicted, filled.classes))
