"""Masks of 0, 128 and 255: two classes and void, or three stretched classes."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou
from scipy.ndimage import binary_dilation, binary_erosion

from field.arrays import draw_masks, draw_pair
from field.channels import binary_logits, squash
from field.test_void import blobs


def outline(masks, width):
    """Return the pixels on both sides of the borders of objects."""
    square = np.ones((1, 3, 3), dtype=bool)
    grown = binary_dilation(masks > 0, square, width)
    return grown & ~binary_erosion(masks > 0, square, width)


@pytest.mark.parametrize(("seed", "shape"), [(0, (5, 96, 96)), (1, (1, 160, 200))])
@pytest.mark.parametrize("value", [100, 127, 128])
@pytest.mark.parametrize("unsure", ["borders", "blobs"])
@pytest.mark.parametrize("largest", [1, 255])
def test_a_value_between_two_classes_is_no_third_class(seed, shape, value, unsure, largest):
    truth, predicted = draw_pair(shape, 2, seed=seed, noise=0.2)
    void = outline(truth, 2) if unsure == "borders" else blobs(shape, 0.08)
    masks = np.where(void, value, truth * 255).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=predicted * np.uint8(largest))
    assert report.verdict.primary == "masks-0-255"
    assert f"--ignore-index {value}" in report.primary.help
    assert "stretched-labels" not in errors(report)
    right = mean_iou(truth[~void], predicted[~void], 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


def test_void_of_128_beside_scores():
    truth, predicted = draw_pair((5, 96, 96), 2, noise=0.2)
    void = outline(truth, 2)
    report = diagnose(
        y_true=np.where(void, 128, truth * 255).astype(np.uint8),
        y_pred=(0.2 + 0.6 * predicted).astype(np.float32),
    )
    assert "128" in found(report, "masks-0-255").message
    right = mean_iou(truth[~void], predicted[~void], 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


@pytest.mark.parametrize("predicted_ids", [(0, 1, 2), (0, 0, 2), (0, 1, 0), (0, 1, 1)])
def test_three_stretched_classes_of_which_some_are_not_predicted(predicted_ids):
    truth, predicted = draw_pair((5, 96, 96), 3, noise=0.2)
    masks = np.array([0, 128, 255], dtype=np.uint8)[truth]
    predicted = np.array(predicted_ids, dtype=np.uint8)[predicted]
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=3)
    assert report.verdict.primary == "stretched-labels"
    if predicted_ids != (0, 1, 1):
        undeclared = diagnose(y_true=masks, y_pred=predicted)
        assert undeclared.verdict.primary == "stretched-labels"


def test_a_trimap_whose_border_is_a_class():
    truth, predicted = draw_pair((5, 96, 96), 2, noise=0.2)
    trimaps = [np.where(outline(one, 2), 1, 2 * one).astype(np.uint8) for one in (truth, predicted)]
    report = diagnose(y_true=np.array([0, 128, 255], np.uint8)[trimaps[0]], y_pred=trimaps[1])
    assert report.verdict.primary == "stretched-labels"


def test_an_object_of_128_with_a_border_of_255_is_not_the_other_way_round():
    truth = draw_masks((5, 96, 96), 2, smoothness=10.0)
    masks = np.where(outline(truth, 1), 255, truth * 128).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=truth)
    assert "masks-0-255" not in errors(report)


def test_a_void_ring_beside_scores_of_eight_bits():
    truth = draw_masks((5, 72, 80), 2, smoothness=8.0)
    scores = squash(binary_logits(truth, sharp=1.5))
    levels = (scores * 255).astype(np.uint8)
    ring = outline(truth, 2)
    masks = np.where(ring, 128, truth * 255).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=levels, num_classes=2)
    assert sorted(errors(report)) == ["byte-scores", "masks-0-255"]
    wanted = mean_iou(truth[~ring], levels[~ring] > 127, 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(wanted)
