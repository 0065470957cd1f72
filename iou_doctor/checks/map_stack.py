"""Stack the label maps of some samples, and compute their mean IoU in other alignments.

The mean is over the classes of the truth only, so it is over the same classes however the
predictions are moved.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.record import record
from iou_doctor.scan.native.count_areas import count_areas as count_areas_by_kernels
from iou_doctor.scan.native.library import load_kernels

Ids = NDArray[np.unsignedinteger]
"""Numbers of classes, in the narrowest dtype that holds them all."""
Scores = NDArray[np.float64]
Areas = NDArray[np.int64]
"""The pixels of each class in the truth, in the prediction and in both, shape (..., 3, classes)."""

MOST_IMPROVABLE_IOU = 0.9
"""Mean IoU above which no other alignment can gain 0.1, the least gain that the rules ask for."""
SAME_SCENE_IOU = 0.8
"""Mean IoU of two masks above which they show the same scene. CamVid's masks, taken a second
apart, reach 0.6."""


@record
class Stack:
    """Label maps of equal size, with the classes of the truth numbered from 0 without gaps.

    The number `classes` itself stands for everything that is not a class.
    """

    samples: NDArray[np.int64]
    """The number of each sample, shape (n,)."""
    y_true: Ids
    """Shape (n, *spatial); `classes` if the pixel does not count."""
    y_pred: Ids
    """Shape (n, *spatial); `classes` also for classes that these masks lack."""
    classes: int
    labels: tuple[int, ...] = ()
    """The class id that each number stands for."""

    def score_images(self, pred: Ids | None = None) -> Scores:
        """Return the mean IoU of each image, shape (n,), for these or other predictions."""
        return compute_mean_iou(self._count_areas(pred))

    def score_pooled(self, pred: Ids | None = None) -> float:
        """Return the mean IoU of all images together, for these or other predictions."""
        return float(compute_mean_iou(self._count_areas(pred).sum(axis=0)))

    def _count_areas(self, pred: Ids | None) -> Areas:
        return count_areas(self.y_true, self.y_pred if pred is None else pred, self.classes)

    def __len__(self) -> int:
        return len(self.y_true)

    def take(self, keep: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Stack:
        """Return a stack of some of the images: by numbers, by a boolean mask, or by a slice."""
        return replace(
            self, samples=self.samples[keep], y_true=self.y_true[keep], y_pred=self.y_pred[keep]
        )


def count_pairs(true: Ids, pred: Ids, classes: int) -> NDArray[np.int64]:
    """Count the (truth, prediction) pairs of each image, shape (n, classes, classes + 1)."""
    size = classes + 1
    # narrow numbers are several times faster to move and to multiply
    keys = np.multiply(true, size, dtype=np.min_scalar_type(size**2)) + pred
    images = keys.reshape(len(keys), -1)
    counts = [np.bincount(own, minlength=size**2) for own in images]
    return np.array(counts, dtype=np.int64).reshape(len(true), size, size)[:, :classes]


def find_told(labels: Ids) -> NDArray[np.bool_]:
    """Return which maps hold several labels, shape (n,). The others fit any move alike."""
    flat = labels.reshape(len(labels), -1)
    told: NDArray[np.bool_] = (flat != flat[:, :1]).any(axis=1)
    return told


def count_areas(true: Ids, pred: Ids, classes: int) -> Areas:
    """Count the pixels of each class in each image, shape (n, 3, classes).

    Pixels whose truth is no class do not count.
    """
    kernels = load_kernels() if true.dtype == pred.dtype == np.uint8 else None
    if kernels is not None:
        return count_areas_by_kernels(kernels, true, pred, classes)
    pairs = count_pairs(true, pred, classes)
    predicted = pairs.sum(axis=1)[:, :classes]
    both = np.diagonal(pairs, axis1=1, axis2=2)
    return np.stack([pairs.sum(axis=2), predicted, both], axis=1)


def compute_mean_iou(areas: Areas) -> Scores:
    """Return the mean IoU over the classes of the truth."""
    truth, predicted, both = (areas[..., side, :] for side in range(3))
    iou = both / np.maximum(truth + predicted - both, 1)
    present = truth > 0
    means: Scores = np.where(present, iou, 0.0).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return means


def estimate_chance(areas: Areas) -> float:
    """Return the mean IoU that these predictions would have in places that are left to chance.

    Args:
        areas: of all images together, shape (3, classes).
    """
    truth, predicted, _ = areas
    both = truth * predicted / max(int(truth.sum()), 1)
    iou = both / np.maximum(truth + predicted - both, 1)
    return float(iou[truth > 0].mean()) if truth.any() else 0.0


def score_pairings(maps: Stack) -> NDArray[np.float32]:
    """Return the mean IoU of each truth (rows) with each prediction (columns), shape (n, n)."""
    n = len(maps)
    truths = maps.y_true.reshape(n, -1)
    predictions = maps.y_pred.reshape(n, -1)
    counts = (truths < maps.classes).astype(np.float32)
    total = np.zeros((n, n), dtype=np.float32)
    terms = np.zeros((n, 1), dtype=np.float32)
    for label in range(maps.classes):
        here = (truths == label).astype(np.float32)
        there = (predictions == label).astype(np.float32)
        size = here.sum(axis=1, keepdims=True)
        intersection = here @ there.T
        union = size + counts @ there.T - intersection
        total += np.where(size > 0, intersection / np.maximum(union, 1), 0)
        terms += size > 0
    total /= np.maximum(terms, 1)
    return total


def has_nothing_to_gain(evidence: Evidence) -> bool:
    """Return whether the arrays agree so well that no other alignment can be far better."""
    mean_iou = evidence.repaired.mean_iou
    return mean_iou is not None and mean_iou > MOST_IMPROVABLE_IOU


def count_different_masks(maps: Stack) -> int:
    """Count the masks that differ clearly from the one before them, and the first one.

    Similar frames of a video thereby count once, since they are not independent evidence.
    """
    if len(maps) < 2:
        return len(maps)
    alike = compute_mean_iou(count_areas(maps.y_true[1:], maps.y_true[:-1], maps.classes))
    return 1 + int((alike < SAME_SCENE_IOU).sum())


def measure_roughness(maps: Ids) -> float:
    """Return the share of vertical and horizontal neighbours with different labels.

    Args:
        maps: label maps, shape (n, height, width).
    """
    down, right = maps[:, 1:] != maps[:, :-1], maps[:, :, 1:] != maps[:, :, :-1]
    return float(down.mean() + right.mean()) / 2
