"""Predictions of flipped images that were averaged in without being flipped back."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, names, softmax
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, draw_pair, predict
from field.channels import binary_logits, class_logits, squash
from iou_doctor.render.shared.score_words import describe_scores

RULE = "flipped-samples"
FIVE = draw_masks((6, 72, 96), 5, smoothness=10.0)
FIVE_SCORES = softmax(class_logits(FIVE, 5)).astype(np.float32)


def assert_mirror_is_told(report, name):
    finding = found(report, RULE)
    assert f"equal their own mirror image, {name}" in finding.message
    assert finding.repair is None
    assert "right" not in describe_scores(report)


@pytest.mark.parametrize(
    ("name", "axes"), [("left to right", 2), ("upside down", 1), ("by half a turn", (1, 2))]
)
@pytest.mark.parametrize("as_labels", [False, True])
def test_scores_averaged_with_those_of_flipped_images(name, axes, as_labels):
    scores = (FIVE_SCORES + np.flip(FIVE_SCORES, axes)) / 2
    predictions = scores.argmax(-1).astype(np.uint8) if as_labels else scores
    report = diagnose(y_true=FIVE, y_pred=predictions, num_classes=5)
    assert_mirror_is_told(report, name)


def test_the_help_names_the_axis_of_scores_with_the_channels_first():
    scores = np.moveaxis((FIVE_SCORES + np.flip(FIVE_SCORES, 2)) / 2, -1, 1)
    report = diagnose(y_true=FIVE, y_pred=scores, num_classes=5)
    assert "np.flip(scores_of_flipped, 3)" in found(report, RULE).help


def test_one_half_that_was_copied():
    predictions = predict(FIVE, 5)
    predictions[:, :, 48:] = predictions[:, :, 47::-1]
    report = diagnose(y_true=FIVE, y_pred=predictions, num_classes=5)
    assert_mirror_is_told(report, "left to right")


@pytest.mark.parametrize("size", [(70, 90), (131, 177)])
def test_scores_of_two_classes_averaged_with_those_of_flipped_images(size):
    masks = draw_masks((5, *size), 2, smoothness=8.0)
    scores = squash(binary_logits(masks))
    mean = ((scores + scores[:, :, ::-1]) / 2 > 0.4).astype(np.uint8)
    assert_mirror_is_told(diagnose(y_true=masks, y_pred=mean, num_classes=2), "left to right")


def test_blank_predictions_among_mirrored_ones_do_not_hide_them():
    scores = (FIVE_SCORES + FIVE_SCORES[:, :, ::-1]) / 2
    labels = scores.argmax(-1).astype(np.uint8)
    labels[[0, 3]] = 0
    assert_mirror_is_told(diagnose(y_true=FIVE, y_pred=labels, num_classes=5), "left to right")


def test_scores_that_were_flipped_back_before_the_mean_pass():
    back = np.flip(np.flip(FIVE_SCORES, 2), 2)
    labels = ((FIVE_SCORES + back) / 2).argmax(-1).astype(np.uint8)
    assert RULE not in names(diagnose(y_true=FIVE, y_pred=labels, num_classes=5))


def test_masks_that_are_symmetric_too_pass():
    masks = np.maximum(FIVE, FIVE[:, :, ::-1])
    shifted = np.roll(predict(masks, 5), 3, axis=1)
    predictions = np.maximum(shifted, shifted[:, :, ::-1])
    assert RULE not in names(diagnose(y_true=masks, y_pred=predictions, num_classes=5))


def test_predictions_that_are_the_same_for_all_images_pass():
    """A baseline that does not look at the images is symmetric on purpose."""
    one = np.maximum(FIVE[:1], FIVE[:1, :, ::-1])
    predictions = np.repeat(one, len(FIVE), axis=0)
    assert RULE not in names(diagnose(y_true=FIVE, y_pred=predictions, num_classes=5))


def test_predictions_in_bands_pass():
    """Sky above, road below: each row is its own mirror image."""
    random = np.random.default_rng(0)
    heights = random.integers(20, 50, 6)
    rows = np.arange(72)[None, :, None] > heights[:, None, None]
    predictions = np.broadcast_to(rows, FIVE.shape).astype(np.uint8)
    masks = np.where(gaussian_filter(random.normal(size=FIVE.shape), 6) > 0.02, 2, predictions)
    report = diagnose(y_true=masks.astype(np.uint8), y_pred=predictions, num_classes=3)
    assert RULE not in names(report)


def test_round_objects_predicted_in_the_middle_pass():
    """A weak model finds a disc in the middle of each image, of another size each time."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:65, :65] - 32
    places, radii = random.integers(-9, 10, (8, 2)), random.integers(8, 20, 8)
    masks = np.stack([np.hypot(y - v, x - u) < 14 for v, u in places]).astype(np.uint8)
    predictions = np.stack([np.hypot(y, x) < radius for radius in radii]).astype(np.uint8)
    assert RULE not in names(diagnose(y_true=masks, y_pred=predictions, num_classes=2))


def test_blank_predictions_and_single_rows_pass():
    blank = diagnose(y_true=FIVE, y_pred=np.zeros_like(FIVE), num_classes=5)
    assert RULE not in names(blank)
    masks, predictions = draw_pair((6, 1, 40), 3)
    mirrored = np.maximum(predictions, predictions[:, :, ::-1])
    assert RULE not in names(diagnose(y_true=masks, y_pred=mirrored, num_classes=3))
