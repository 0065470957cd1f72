"""Scores of one channel on a scale up to 100 or 255, clipped at both of its ends."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names
from scipy.ndimage import zoom

from field.arrays import draw_masks, draw_pair
from field.channels import binary_logits

TWO = draw_masks((5, 72, 80), 2, smoothness=8.0)
LOGITS = binary_logits(TWO)
RIGHT = mean_iou(TWO, (LOGITS >= 0).astype(np.uint8), 2)


def clip(full, dtype=np.float32):
    """Return scores of which a little more than half are 0 or the full scale exactly."""
    half = np.quantile(np.abs(LOGITS), 0.45)
    scores = np.clip(full * (0.5 + LOGITS / (2 * half)), 0, full).astype(dtype)
    assert 0.4 < (scores % 1 != 0).mean() < 0.5
    return scores


@pytest.mark.parametrize(
    ("full", "dtype"), [(100, np.float32), (100, np.float64), (255, np.float32), (1000, np.float64)]
)
@pytest.mark.parametrize("object_label", [1, 255])
def test_clipped_scores_are_cut_in_the_middle_of_their_scale(full, dtype, object_label):
    report = diagnose(y_true=TWO * object_label, y_pred=clip(full, dtype), num_classes=2)
    assert report.verdict.primary == "byte-scores"
    assert "recoded-class-ids" not in names(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT, abs=1e-3)


def test_clipped_scores_beside_an_ignored_void():
    masks = TWO.copy()
    masks[:, :6] = 255
    report = diagnose(y_true=masks, y_pred=clip(100), num_classes=2, ignore_index=255)
    assert report.verdict.primary == "byte-scores"
    right = mean_iou(masks[:, 6:], (LOGITS[:, 6:] >= 0).astype(np.uint8), 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(right, abs=1e-3)


def test_clipped_scores_of_one_decimal_place():
    report = diagnose(y_true=TWO, y_pred=np.round(clip(100), 1), num_classes=2)
    assert report.verdict.primary == "byte-scores"
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT, abs=5e-3)


@pytest.mark.parametrize("classes", [3, 5])
def test_ids_that_a_resize_has_mixed_are_no_clipped_scores(classes):
    masks, predictions = draw_pair((4, 60, 60), classes)
    mixed = zoom(predictions[:, ::2, ::2].astype(np.float32), (1, 2, 2), order=1)
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=classes)
    assert errors(report) == ["interpolated-predictions"]


def test_ids_with_a_void_of_255_that_a_resize_has_mixed_are_no_clipped_scores():
    masks, predictions = draw_pair((4, 60, 60), 3)
    predictions[predictions == 2] = 255
    mixed = zoom(predictions[:, ::2, ::2].astype(np.float32), (1, 2, 2), order=1)
    report = diagnose(y_true=masks.clip(max=1), y_pred=mixed, num_classes=2, ignore_index=255)
    assert "byte-scores" not in names(report)


def test_numbers_of_objects_beside_masks_of_two_classes_are_no_clipped_scores():
    numbers = TWO.astype(np.float32) * (1 + np.arange(80) // 8 * 11)
    numbers[0, 0, 0] = 100
    assert "byte-scores" not in names(diagnose(y_true=TWO, y_pred=numbers, num_classes=2))


def test_clipped_scores_are_described_by_their_scale():
    report = diagnose(y_true=TWO, y_pred=clip(100), num_classes=2)
    assert "100 stands for 1" in found(report, "byte-scores").message
