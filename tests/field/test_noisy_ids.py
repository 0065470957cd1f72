"""Predicted class ids that noise or arithmetic has moved a little, and scores that look alike."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, mean_iou, names
from scipy.ndimage import zoom

from field.arrays import draw_masks, draw_pair
from field.channels import binary_logits, squash

RULE = "interpolated-predictions"


def add_noise(ids, noise, dtype=np.float32, seed=5):
    random = np.random.default_rng(seed)
    return (ids + random.normal(0, noise, ids.shape)).astype(dtype)


@pytest.mark.parametrize(("classes", "noise"), [(3, 0.01), (5, 0.02), (11, 0.01), (2, 0.02)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_ids_with_noise_are_rounded(classes, noise, dtype):
    masks, predictions = draw_pair((4, 60, 72), classes)
    report = diagnose(
        y_true=masks, y_pred=add_noise(predictions, noise, dtype), num_classes=classes
    )
    assert report.verdict.primary == RULE
    assert "np.rint(predictions)" in found(report, RULE).help
    right = mean_iou(masks, predictions, classes)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


def test_ids_with_noise_beside_a_void_label():
    masks, predictions = draw_pair((4, 60, 72), 4)
    masks[:, :8] = 255
    report = diagnose(
        y_true=masks, y_pred=add_noise(predictions, 0.01), num_classes=4, ignore_index=255
    )
    right = mean_iou(masks[:, 8:], predictions[:, 8:], 4)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


def test_scores_in_percent_of_a_sure_network_are_no_ids():
    masks = draw_masks((4, 72, 80), 2, smoothness=8.0)
    scores = 100 * squash(4 * binary_logits(masks))
    report = diagnose(y_true=masks, y_pred=scores, num_classes=2)
    assert report.verdict.primary == "byte-scores"


def test_logits_above_0_that_are_mostly_near_whole_numbers_are_no_ids():
    masks = draw_masks((4, 72, 80), 2, smoothness=8.0)
    logits = np.maximum(4 * binary_logits(masks), 0)
    assert RULE not in names(diagnose(y_true=masks, y_pred=logits, num_classes=2))


def test_ids_that_a_resize_has_mixed_are_not_rounded():
    masks, predictions = draw_pair((4, 60, 60), 4)
    mixed = zoom(predictions[:, ::2, ::2].astype(np.float32), (1, 2, 2), order=1)
    report = diagnose(y_true=masks, y_pred=add_noise(mixed, 0.01), num_classes=4)
    assert all("np.rint" not in finding.help for finding in report.findings)


def test_scores_of_a_regression_between_the_ids_are_not_rounded():
    masks, predictions = draw_pair((4, 60, 60), 4)
    report = diagnose(y_true=masks, y_pred=add_noise(predictions, 0.3), num_classes=4)
    assert all("np.rint" not in finding.help for finding in report.findings)
