"""Data sets with a simulated model: masks, and class scores with believable errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
from build import one_hot
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit

from casebook import maps

Array = NDArray[Any]


@dataclass(frozen=True)
class Scene:
    """Masks and what a model said of them."""

    name: str
    truth: Array
    """Labels, shape (samples, *spatial), uint8."""
    scores: Array
    """Logits, channels last, float32."""
    classes: int

    @property
    def predicted(self) -> Array:
        """Labels, uint8."""
        return self.scores.argmax(-1).astype(np.uint8)

    @property
    def samples(self) -> int:
        return len(self.truth)

    def softmax(self, dtype: Any = np.float32) -> Array:
        powers = np.exp(self.scores - self.scores.max(-1, keepdims=True))
        return (powers / powers.sum(-1, keepdims=True)).astype(dtype)

    def logits(self, dtype: Any = np.float32) -> Array:
        return self.scores.astype(dtype)

    def binary_logits(self, dtype: Any = np.float32) -> Array:
        return (self.scores[..., 1] - self.scores[..., 0]).astype(dtype)

    def sigmoid(self, dtype: Any = np.float32) -> Array:
        return expit(self.binary_logits()).astype(dtype)

    def one_hot(self, dtype: Any = np.uint8) -> Array:
        return one_hot(self.truth, self.classes, dtype)

    def take(self, samples: Any) -> Scene:
        """Return some of the samples."""
        return replace(self, truth=self.truth[samples], scores=self.scores[samples])

    def ids(self, table: Any, classes: int) -> Scene:
        """Return the scene with ids renamed, on both sides alike."""
        table = np.asarray(table)
        scores = np.full((*self.truth.shape, classes), -30.0, np.float32)
        scores[..., table] = self.scores
        return replace(
            self, truth=table[self.truth].astype(np.uint8), scores=scores, classes=classes
        )


def mean_iou(y_true: Array, y_pred: Array, classes: int) -> float:
    """Return the mean IoU over classes with a union; truth outside the classes is left out."""
    kept = (y_true >= 0) & (y_true < classes)
    true, pred = y_true[kept].astype(np.int64), y_pred[kept].astype(np.int64)
    pred = np.where((pred < 0) | (pred >= classes), classes, pred)
    table = np.bincount(true * (classes + 1) + pred, minlength=classes * (classes + 1))
    table = table.reshape(classes, classes + 1)
    right = np.diagonal(table[:, :classes])
    union = table.sum(1) + table[:, :classes].sum(0) - right
    return float((right[union > 0] / union[union > 0]).mean())


def scores_of(truth: Array, classes: int, quality: float, rng: np.random.Generator) -> Array:
    """Return logits whose argmax has about the mean IoU `quality`: errors at borders, in patches.

    The scores are the blurred one-hot masks with noise of two scales; how much is searched. Of
    two classes, each is predicted as often as it is there: its threshold is a good one.
    """
    spatial = truth.ndim - 1
    blur, coarse = (0, *[1.0] * spatial, 0), (0, *[4.0] * spatial, 0)
    clean = ndimage.gaussian_filter(one_hot(truth, classes, np.float32), blur)
    noise = rng.normal(size=clean.shape).astype(np.float32)
    smooth = ndimage.gaussian_filter(noise, coarse)
    noise = 0.3 * noise + smooth / smooth.std()
    low, high = 0.05, 2.0
    for _ in range(9):
        middle = (low + high) / 2
        worse = mean_iou(truth, _balanced(clean + middle * noise, truth).argmax(-1), classes)
        low, high = (low, middle) if worse < quality else (middle, high)
    return _balanced(9 * (clean + low * noise), truth)


def _balanced(scores: Array, truth: Array) -> Array:
    if scores.shape[-1] == 2:
        margin = scores[..., 1] - scores[..., 0]
        scores[..., 1] -= np.quantile(margin, 1 - truth.mean())
    return scores


def make(
    name: str, draw: maps.Draw, classes: int, quality: float, size: tuple[int, int], samples: int
) -> Scene:
    """Return a scene of drawn maps; the seed comes from its name."""
    rng = np.random.default_rng(list(name.encode()))
    truth = np.stack([draw(rng, *size) for _ in range(samples)]).astype(np.uint8)
    return Scene(name, truth, scores_of(truth, classes, quality, rng), classes)


def _video(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return frames that differ by a few pixels only."""
    wide = maps.street(rng, height, width + 12, 8)
    return np.stack([wide[:, step // 2 : step // 2 + width] for step in range(12)])


def _make_video(name: str, quality: float) -> Scene:
    rng = np.random.default_rng(list(name.encode()))
    truth = _video(rng, 64, 96).astype(np.uint8)
    return Scene(name, truth, scores_of(truth, 8, quality, rng), 8)


def _make_static(name: str, quality: float) -> Scene:
    """Return twelve predictions of one and the same mask."""
    rng = np.random.default_rng(list(name.encode()))
    truth = maps.street(rng, 64, 96).astype(np.uint8)[None].repeat(12, 0)
    return Scene(name, truth, scores_of(truth, 8, quality, rng), 8)


def _skewed(rng: np.random.Generator, height: int, width: int) -> Array:
    """Return five classes, of which one has nearly all pixels."""
    image = maps.specks(rng, height, width)
    rows = int(rng.integers(0, height - 4))
    image[rows : rows + 2, : width // 4] = 2
    image[:3, -width // 6 :] = 3
    image[-2:, : int(rng.integers(4, 12))] = 4
    return image


KINDS: dict[str, Callable[..., Scene]] = {
    "street": partial(make, draw=maps.street, classes=8, size=(64, 96), samples=16),
    "street-square": partial(make, draw=maps.street, classes=8, size=(72, 72), samples=14),
    "street-11": partial(
        make, draw=partial(maps.street, classes=11), classes=11, size=(60, 80), samples=16
    ),
    "street-19": partial(
        make, draw=partial(maps.street, classes=19), classes=19, size=(64, 96), samples=16
    ),
    "blobs": partial(make, draw=maps.blobs, classes=2, size=(64, 80), samples=16),
    "blobs-square": partial(make, draw=maps.blobs, classes=2, size=(64, 64), samples=20),
    "specks": partial(make, draw=maps.specks, classes=2, size=(72, 96), samples=16),
    "cells": partial(make, draw=maps.cells, classes=2, size=(72, 96), samples=14),
    "skewed": partial(make, draw=_skewed, classes=5, size=(64, 96), samples=16),
    "organs": partial(make, draw=maps.organs, classes=4, size=(64, 72), samples=14),
    "wires": partial(make, draw=maps.wires, classes=3, size=(64, 96), samples=14),
    "mirror": partial(make, draw=maps.mirror, classes=3, size=(64, 64), samples=12),
    "trimap": partial(make, draw=maps.trimap, classes=3, size=(64, 72), samples=14),
    "bands": partial(make, draw=maps.bands, classes=12, size=(64, 80), samples=12),
    "sometimes": partial(make, draw=maps.sometimes, classes=2, size=(64, 80), samples=16),
    "tiny": partial(
        make, draw=partial(maps.patches, classes=3), classes=3, size=(12, 16), samples=40
    ),
    "patches-21": partial(make, draw=maps.patches, classes=21, size=(48, 64), samples=20),
    "patches-150": partial(
        make, draw=partial(maps.patches, classes=150), classes=150, size=(48, 64), samples=12
    ),
    "volume": partial(make, draw=maps.tissue, classes=4, size=(40, 32), samples=5),
    "single": partial(make, draw=maps.street, classes=8, size=(96, 128), samples=1),
    "video": _make_video,
    "static": _make_static,
}
"""What `scene` can make."""


@cache
def scene(kind: str, quality: float = 0.7) -> Scene:
    """Return a scene; the same arrays each time."""
    if kind.startswith("camvid"):
        from casebook.real import camvid

        return camvid()
    return KINDS[kind](name=f"{kind}/{quality:g}", quality=quality)
