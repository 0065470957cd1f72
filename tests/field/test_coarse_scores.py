"""Scores that were rounded to a few equal steps and stored as whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, mean_iou, names

from field.arrays import draw_masks, predict
from field.channels import binary_logits, squash


def draw(shape=(8, 64, 64), seed=0, sharp=4.0):
    masks = draw_masks(shape, 2, seed=seed)
    return masks, squash(binary_logits(masks, seed=seed + 3, sharp=sharp))


COARSE = {
    "times 17": (lambda s: (np.rint(s * 15) * 17).astype(np.uint8), 127),
    "whole floats": (lambda s: (np.rint(s * 15) * 17).astype(np.float32), 127),
    "4 bits": (lambda s: np.rint(s * 15).astype(np.uint8), 7),
    "3 bits, rounded": (lambda s: np.rint(np.rint(s * 7) * 255 / 7).astype(np.uint8), 127),
    "tenths": (lambda s: np.rint(s * 10).astype(np.int64), 5),
    "steps of 10 percent": (lambda s: (np.rint(s * 10) * 10).astype(np.uint8), 50),
    "16 bits": (lambda s: (np.rint(s * 15) * 4369).astype(np.uint16), 32767),
}


@pytest.mark.parametrize("options", [{}, {"num_classes": 2}, {"metric": "MeanIoU(2)"}])
@pytest.mark.parametrize("kind", COARSE)
def test_coarse_scores_are_cut_in_the_middle(kind, options):
    change, cut = COARSE[kind]
    masks, scores = draw(seed=len(kind))
    maps = change(scores)
    report = diagnose(y_true=masks, y_pred=maps, **options)
    assert report.verdict.primary == "byte-scores"
    assert found(report, "byte-scores").facts["cut"] == cut
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, maps > cut, 2))
    assert "recoded-class-ids" not in names(report)


@pytest.mark.parametrize("sharp", [1.0, 2.0, 4.0])
def test_coarse_scores_beside_masks_of_0_and_255(sharp):
    masks, scores = draw((5, 72, 48), seed=2, sharp=sharp)
    maps = (np.rint(scores * 15) * 17).astype(np.uint8)
    report = diagnose(y_true=masks * 255, y_pred=maps)
    assert report.verdict.primary == "byte-scores"
    assert "undeclared-void-label" not in names(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, maps > 127, 2))


def numbered(masks, seed=0):
    """Return predictions that number the boxes of a grid, all of them foreground."""
    rows, columns = (np.arange(size) // 16 for size in masks.shape[1:])
    numbers = 1 + rows[:, None] * 3 + columns
    return np.where(predict(masks, 2, seed=seed) == 1, np.minimum(numbers, 12), 0).astype(np.uint8)


def merged(masks, *, step=1, seed=0):
    """Return predictions of twelve classes, of which six are the object in the masks."""
    random = np.random.default_rng(seed)
    order = random.permutation(12)
    guess = predict(masks, 2, seed=seed)
    parts = draw_masks(masks.shape, 6, seed=seed + 50, smoothness=4.0)
    return (order[guess * 6 + parts] * step).astype(np.uint8)


OTHERS = {
    "numbers of objects": numbered,
    "classes": merged,
    "stretched classes": lambda masks: merged(masks, step=23),
    "classes in order": lambda masks: predict(masks, 2) * 6 + draw_masks(masks.shape, 6, seed=50),
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("seed", range(3))
def test_many_classes_or_objects_beside_binary_masks_are_no_scores(kind, seed):
    masks, _ = draw((6, 64, 48), seed=seed)
    report = diagnose(y_true=masks, y_pred=OTHERS[kind](masks))
    assert "byte-scores" not in names(report)
