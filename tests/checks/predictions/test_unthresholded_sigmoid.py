import numpy as np
import pytest
from build import after, diagnose, errors, found, names, noisy, scene, sigmoid

TRUTH = [[[0, 1, 1, 0]]]


def test_one_channel_of_scores_is_thresholded_at_one_half():
    report = diagnose(y_true=TRUTH, y_pred=[[[0.2, 0.5, 0.4, 1.0]]], num_classes=2)
    assert found(report, "unthresholded-sigmoid").facts == {
        "minimum": 0.2,
        "maximum": 1.0,
        "threshold": 0.5,
        "values_below_one": 3,
        "values": 4,
    }
    assert errors(report) == ["unthresholded-sigmoid"]
    assert after(report, "unthresholded-sigmoid") == pytest.approx(1 / 3)  # 0.5 is foreground


def test_logits_have_their_threshold_at_0():
    report = diagnose(y_true=TRUTH, y_pred=[[[-2.5, 0.0, 3.5, -0.5]]], num_classes=2)
    finding = found(report, "unthresholded-sigmoid")
    assert finding.facts["threshold"] == 0
    assert "threshold=0)" in finding.help
    assert report.mean_iou == 1.0
    assert errors(report) == ["unthresholded-sigmoid"]


def test_a_few_unsaturated_images_are_enough():
    truth = scene(1, samples=40, classes=2)
    scores = noisy(truth, 2, classes=2).astype(np.float32)
    scores[37] = sigmoid(truth[37], 3)
    report = diagnose(y_true=truth, y_pred=scores, num_classes=2)
    assert errors(report) == ["unthresholded-sigmoid"]


def test_binary_iou_thresholds_by_itself():
    metric = "keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.5)"
    report = diagnose(y_true=TRUTH, y_pred=[[[0.2, 0.9, 0.4, 0.6]]], metric=metric)
    assert names(report) == []
    assert report.metric.value == pytest.approx(report.mean_iou, abs=1e-6)


def test_zeros_and_ones_as_floats_are_labels():
    report = diagnose(y_true=TRUTH, y_pred=[[[0.0, 1.0, 1.0, 1.0]]], num_classes=2)
    assert names(report) == []


def test_one_channel_beside_three_classes_needs_no_threshold_but_channels():
    truth = scene(1)
    for metric in ("keras.metrics.MeanIoU(num_classes=3)", "keras.metrics.OneHotMeanIoU(3)"):
        report = diagnose(y_true=truth, y_pred=sigmoid(truth > 0, 2), metric=metric)
        assert "give the model 3 channels" in report.primary.help
        assert report.primary.repair is None
