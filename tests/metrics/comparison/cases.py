"""Random arrays: types, shapes, absent classes, empty images, void and stray labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LABEL_TYPES = ("uint8", "int16", "int32", "int64", "int64")
_SMALL = 12


class RandomCase:
    """One pair as labels, as scores of channels, and as scores of one channel."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.seed = seed
        self.classes = classes = int(rng.choice([2, 2, 3, 4, 5, 7, 19]))
        samples = int(rng.choice([1, 1, 2, 3, 5]))
        height, width = (int(size) for size in rng.integers(1, _SMALL, 2))
        shape = (samples, height, width)
        present = rng.permutation(classes)[: int(rng.integers(1, classes + 1))]
        truth = rng.choice(present, shape)
        if rng.random() < 0.3:
            truth[0] = 0  # an empty image
        guess = rng.choice(rng.permutation(classes)[: int(rng.integers(1, classes + 1))], shape)
        ids = np.where(rng.random(shape) < rng.choice([0.0, 0.5, 0.9, 1.0]), truth, guess)
        self.void = rng.choice(np.array([-1, 0, 255, classes - 1, -100])).item()
        if rng.random() < 0.5:
            self.void = None
        if self.void is not None:
            truth = np.where(rng.random(shape) < rng.choice([0.0, 0.2, 1.0]), self.void, truth)
        self.is_stray = bool(rng.random() < 0.15)
        if self.is_stray:
            truth[tuple(rng.integers(0, size) for size in shape)] = rng.choice([-1, classes, 255])
        self.batch = int(rng.integers(1, samples + 1))
        self.truth = _as_type(truth, str(rng.choice(LABEL_TYPES)))
        self.ids = _as_type(ids, str(rng.choice(LABEL_TYPES)))
        self.scores = self._draw_scores(rng, ids)
        self.sound = np.where((self.truth < 0) | (self.truth >= classes), 0, self.truth)
        self.binary = (np.asarray(self.truth) == classes - 1).astype(str(rng.choice(LABEL_TYPES)))
        self.one_channel = self.scores[:, -1]

    @property
    def one_hot(self) -> Array:
        """The true channels at axis 1, without void and stray labels."""
        return _count_channels(self.sound, self.classes)

    @property
    def hard(self) -> Array:
        """The predicted channels at axis 1."""
        return _count_channels(np.clip(self.ids, 0, self.classes - 1), self.classes)

    def _draw_scores(self, rng: np.random.Generator, ids: Array) -> Array:
        """Return probabilities with channels at axis 1; some of them tie."""
        levels = int(rng.choice([4, 1000]))
        scores = rng.integers(1, levels, (len(ids), self.classes, *ids.shape[1:])) / levels
        scores += (
            2 * rng.random() * _count_channels(np.clip(ids, 0, self.classes - 1), self.classes)
        )
        scores /= scores.sum(1, keepdims=True)
        return scores.astype(np.float32)


def _as_type(labels: Array, dtype: str) -> Array:
    low, high = int(labels.min()), int(labels.max())
    info = np.iinfo(dtype)
    return labels.astype(dtype if info.min <= low and high <= info.max else "int64")


def _count_channels(labels: Array, classes: int) -> Array:
    found: Array = np.moveaxis(np.eye(classes, dtype=np.float32)[labels], -1, 1)
    return found
