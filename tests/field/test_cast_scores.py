"""Scores that were cast to integers before they were saved, which leaves hardly anything but 0."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, names, one_hot, softmax

from field.arrays import draw_masks, predict
from field.channels import class_logits
from iou_doctor.render.shared.score_words import describe_scores

RULE = "unargmaxed-probabilities"
FOUR = draw_masks((6, 64, 80), 4)
PROBABILITIES = softmax(class_logits(FOUR, 4)).astype(np.float32)


def assert_cast_is_told(report):
    assert report.verdict.primary == RULE
    finding = found(report, RULE)
    assert finding.repair is None
    assert "all below 1" in finding.message
    assert "after the repair" not in report.verdict.summary
    assert "right" not in describe_scores(report)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64"])
def test_probabilities_that_were_cast_beside_class_ids(dtype):
    cut = PROBABILITIES.astype(dtype)
    assert_cast_is_told(diagnose(y_true=FOUR, y_pred=cut, num_classes=4))


def test_probabilities_that_were_cast_beside_one_hot_masks():
    cut = PROBABILITIES.astype(np.int32)
    assert_cast_is_told(diagnose(y_true=one_hot(FOUR, 4), y_pred=cut, num_classes=4))


def test_probabilities_that_were_cast_for_a_metric_that_takes_the_argmax():
    report = diagnose(
        y_true=FOUR,
        y_pred=PROBABILITIES.astype(np.uint8),
        metric="keras.metrics.MeanIoU(num_classes=4, sparse_y_pred=False)",
    )
    assert_cast_is_told(report)


def test_probabilities_that_were_cut_and_saved_as_floats_with_the_channels_first():
    cut = np.moveaxis(np.floor(PROBABILITIES), -1, 1)
    report = diagnose(y_true=FOUR, y_pred=cut, num_classes=4)
    assert "all below 1" in found(report, RULE).message
    assert "right" not in describe_scores(report)


def test_some_probabilities_of_a_sure_network_are_exactly_1():
    sure = softmax(class_logits(FOUR, 4))
    cut = (sure >= np.quantile(sure.max(-1), 0.9)).astype(np.int64)
    assert 0.05 < cut.sum(-1).mean() < 0.15
    assert_cast_is_told(diagnose(y_true=FOUR, y_pred=cut, num_classes=4))


@pytest.mark.parametrize("classes", [3, 5])
def test_channels_that_a_threshold_leaves_empty_here_and_there_are_no_cast(classes):
    masks = draw_masks((4, 64, 64), classes)
    cut = (softmax(class_logits(masks, classes)) > 0.5).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=cut, num_classes=classes)
    assert RULE not in names(report)


def test_one_hot_predictions_of_half_the_samples_are_no_cast():
    predictions = one_hot(predict(FOUR, 4), 4)
    predictions[3:] = 0
    assert RULE not in names(diagnose(y_true=FOUR, y_pred=predictions, num_classes=4))


def test_rare_objects_without_a_channel_for_background_are_no_cast():
    """A weak model finds a tenth of two kinds of objects, which cover a few pixels."""
    masks = np.zeros((4, 64, 64), np.uint8)
    masks[:, 10:18, 10:18], masks[:, 40:48, 30:38] = 1, 2
    found_here = masks * (np.arange(64) % 10 == 0)
    for truth in (masks, one_hot(masks, 3)[..., 1:]):
        report = diagnose(y_true=truth, y_pred=one_hot(found_here, 3)[..., 1:])
        assert RULE not in names(report)


def test_one_hot_predictions_that_are_empty_only_where_the_masks_are_void():
    masks = np.full((4, 64, 64), 255, np.uint8)
    masks[:, :12] = draw_masks((4, 12, 64), 3)
    predictions = one_hot(np.where(masks == 255, 3, masks), 4)[..., :3]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3, ignore_index=255)
    assert RULE not in names(report)
    assert RULE not in errors(report)


@pytest.mark.parametrize("classes", [2, 4])
def test_labels_that_are_all_0_may_be_scores_that_were_cast(classes):
    masks = draw_masks((4, 64, 80), classes)
    cut = (0.99 * softmax(class_logits(masks, classes))).astype(np.uint8)[..., 0]
    report = diagnose(y_true=masks, y_pred=cut, num_classes=classes)
    finding = found(report, "collapsed-predictions")
    assert "np.unique of the model's output before any cast" in finding.help
    assert "format of the arrays is right" not in finding.help
    assert "right" not in describe_scores(report)


def test_labels_that_are_all_1_are_no_cast():
    masks = draw_masks((4, 64, 80), 3)
    report = diagnose(y_true=masks, y_pred=np.ones_like(masks), num_classes=3)
    assert "format of the arrays is right" in found(report, "collapsed-predictions").help
