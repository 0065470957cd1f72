"""Small arrays on which the calls are compared with the real libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from build import one_hot
from numpy.typing import NDArray

Array = NDArray[Any]


def draw(seed: int, shape: tuple[int, ...], classes: int) -> tuple[Array, Array]:
    """Return masks and predictions that agree in most pixels, int64."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, shape)
    other = random.integers(0, classes, shape)
    return truth, np.where(random.random(shape) < 0.65, truth, other)


def build_scores(labels: Array, classes: int, seed: int) -> Array:
    """Return probabilities with channels at axis 1 whose argmax is `labels`, float32."""
    random = np.random.default_rng(seed)
    scores = random.random((*labels.shape, classes)) + 2.0 * one_hot(labels, classes)
    scores /= scores.sum(axis=-1, keepdims=True)
    return np.moveaxis(scores, -1, 1).astype(np.float32)


TRUTH, PREDICTED = draw(0, (4, 6, 7), 3)
ABSENT = np.where(TRUTH == 2, 1, TRUTH), np.where(PREDICTED == 2, 0, PREDICTED)
FALSE_ALARM = np.where(TRUTH == 2, 1, TRUTH), PREDICTED
VOID = np.where(np.random.default_rng(5).random(TRUTH.shape) < 0.2, 255, TRUTH)
BINARY, GUESSED = draw(3, (4, 6, 7), 2)
HALF_EMPTY = BINARY.copy(), GUESSED.copy()
HALF_EMPTY[0][1], HALF_EMPTY[1][1] = 0, 0
SOFT = np.where(GUESSED == 1, 0.9, 0.2) - np.random.default_rng(6).random(BINARY.shape) * 0.15

INPUTS: dict[str, tuple[Array, Array, int]] = {
    "labels": (TRUTH, PREDICTED, 3),
    "labels, one class absent": (*ABSENT, 3),
    "labels, one class never true": (*FALSE_ALARM, 3),
    "labels, void": (VOID, PREDICTED, 3),
    "labels, prediction out of range": (TRUTH, np.where(PREDICTED == 2, 3, PREDICTED), 3),
    "flat labels": (TRUTH.ravel(), PREDICTED.ravel(), 3),
    "binary": (BINARY, GUESSED, 2),
    "binary, one image empty": (*HALF_EMPTY, 2),
    "flat binary": (BINARY.ravel(), GUESSED.ravel(), 2),
    "binary 0/255": (BINARY * 255, GUESSED * 255, 2),
    "scores": (TRUTH, build_scores(PREDICTED, 3, 1), 3),
    "scores, one class absent": (ABSENT[0], build_scores(ABSENT[1], 3, 2), 3),
    "scores, one class never true": (FALSE_ALARM[0], build_scores(FALSE_ALARM[1], 3, 3), 3),
    "two-class scores": (BINARY, build_scores(GUESSED, 2, 4), 2),
    "two-class scores, one image empty": (
        HALF_EMPTY[0],
        build_scores(HALF_EMPTY[1], 2, 5),
        2,
    ),
    "one-hot": (
        np.moveaxis(one_hot(TRUTH, 3), -1, 1),
        np.moveaxis(one_hot(PREDICTED, 3), -1, 1),
        3,
    ),
    "one-hot, one class never true": (
        np.moveaxis(one_hot(FALSE_ALARM[0], 3), -1, 1),
        np.moveaxis(one_hot(FALSE_ALARM[1], 3), -1, 1),
        3,
    ),
    "one channel": (BINARY[:, np.newaxis], SOFT[:, np.newaxis].astype(np.float32), 2),
    "one channel of labels": (BINARY[:, np.newaxis], GUESSED[:, np.newaxis], 2),
    "no channel": (BINARY, SOFT.astype(np.float32), 2),
}
"""Masks, predictions and the number of classes."""
