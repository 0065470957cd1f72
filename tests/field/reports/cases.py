"""What a report holds, and how its arrays are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from build import Array, mean_iou

from field.arrays import Labels, draw_masks, predict


@dataclass(frozen=True)
class Case:
    """What the author of a report had, and the right answer."""

    masks: Array
    predictions: Array
    cause: str | None
    """The rule that is the root cause; `None` if the arrays have no format fault."""
    score: float | None = None
    """The mean IoU after the repair; `None` if no repair is right."""
    options: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    """A part of the message or the help of the root cause, or of a note without a cause."""


CASES: dict[str, Callable[[], Case]] = {}


def report(build: Callable[[], Case]) -> Callable[[], Case]:
    """Add the case of a report to `CASES`."""
    CASES[build.__name__] = build
    return build


def draw_pair(classes: int, *shape: int, **settings: Any) -> tuple[Labels, Labels]:
    """Return masks of 0 to `classes` - 1 and decent predictions."""
    masks = draw_masks(shape, classes, seed=classes)
    return masks, predict(masks, classes, seed=classes + 1, **settings)


def draw_points(classes: int, scans: int, points: int) -> tuple[Labels, Labels]:
    """Return labels of point clouds, shape (scans, points), and decent predictions."""
    masks, predictions = draw_pair(classes, scans, 8, points // 8)
    return masks.reshape(scans, -1), predictions.reshape(scans, -1)


def recode(ids: Any, labels: Labels) -> Array:
    """Return the id of each class; `ids` is a sequence."""
    return np.asarray(ids)[labels]


def score_without(masks: Array, predictions: Array, void: Array, classes: int) -> float:
    """Return the mean IoU without some pixels."""
    masks, predictions = masks.astype(int), predictions.astype(int)
    return mean_iou(np.where(void, -1, masks), np.where(void, -1, predictions), classes)


def draw_spots(shape: tuple[int, ...], share: float) -> Array:
    """Return a mask of small blobs that cover a share of the pixels."""
    height = np.random.default_rng(5).normal(size=(shape[0], *(-(-n // 4) for n in shape[1:])))
    grown = height.repeat(4, 1).repeat(4, 2)[:, : shape[1], : shape[2]]
    return grown < np.quantile(grown, share)
