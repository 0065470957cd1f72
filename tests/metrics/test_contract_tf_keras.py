"""Where tf-keras differs from Keras 3.15; the numbers are in the golden file."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, names, noisy, one_hot, outcome, probabilities, scene

from iou_doctor.errors import UsageError

MASKS = scene(1)
LABELS = noisy(MASKS, 2)


def reads(metric, y_true=MASKS, y_pred=LABELS, **options):
    return diagnose(y_true=y_true, y_pred=y_pred, metric=metric, **options).metric


def test_a_perfect_score_is_exactly_one():
    assert reads("tf_keras.metrics.MeanIoU(3)", y_pred=MASKS).value == 1.0
    assert reads("tf_keras.metrics.IoU(3, [1])", y_pred=MASKS).value == 1.0


def test_a_bare_name_still_means_keras_3():
    assert reads("MeanIoU(3)").library == "keras"
    assert reads("tf.keras.metrics.MeanIoU(3)").library == "keras"
    assert reads("tf_keras.metrics.MeanIoU(3)").library == "tf-keras"


@pytest.mark.parametrize(
    ("label", "side", "words"),
    [
        (3, "y_true", "`labels` out of bound"),
        (3, "y_pred", "`predictions` out of bound"),
        (-1, "y_true", "`labels` contains negative values"),
        (-1, "y_pred", "`predictions` contains negative values"),
    ],
)
def test_a_label_outside_the_classes_raises(label, side, words):
    arrays = {"y_true": MASKS.astype(int), "y_pred": LABELS.astype(int)}
    arrays[side] = np.where(LABELS == 1, label, arrays[side])
    metric = reads("tf_keras.metrics.MeanIoU(num_classes=3)", **arrays)
    assert metric.value is None
    assert words in metric.error


def test_predictions_at_ignored_pixels_may_be_anything():
    masks = np.where(MASKS == 1, 255, MASKS)
    labels = np.where(MASKS == 1, 255, LABELS)
    metric = reads("tf_keras.metrics.MeanIoU(3, ignore_class=255)", y_true=masks, y_pred=labels)
    assert metric.error is None


def test_no_pixel_at_all_gives_zero():
    masks = np.full_like(MASKS, 255)
    assert reads("tf_keras.metrics.MeanIoU(3, ignore_class=255)", y_true=masks).value == 0.0


def test_undeclared_void_is_an_error_because_the_metric_raises():
    masks = np.where(MASKS == 1, 255, MASKS)
    report = diagnose(y_true=masks, y_pred=LABELS, metric="tf_keras.metrics.MeanIoU(3)")
    assert report.verdict.primary == "undeclared-void-label"
    assert errors(report)[0] == "undeclared-void-label"
    assert "metric-misreads-arrays" not in names(report)
    assert outcome(report, "dropped-pixels").status == "passed"


def test_axis_1_is_read_where_keras_3_fails():
    first = np.moveaxis(probabilities(LABELS, 3, classes=3), -1, 1)
    call = "metrics.MeanIoU(3, sparse_y_pred=False, axis=1)"
    report = diagnose(y_true=MASKS, y_pred=first, metric=f"tf_keras.{call}")
    assert report.metric.value == pytest.approx(report.mean_iou, abs=1e-6)
    assert errors(report) == []
    keras = diagnose(y_true=MASKS, y_pred=first, metric=f"keras.{call}")
    assert errors(keras) == ["channels-first"]
    last = diagnose(y_true=MASKS, y_pred=first, metric=f"tf_keras.{call}".replace("=1)", "=-1)"))
    assert errors(last)[0] == "channels-first"


def test_an_axis_without_classes_is_not_replayed():
    dense = probabilities(LABELS, 3, classes=3)
    metric = reads("tf_keras.metrics.MeanIoU(3, sparse_y_pred=False, axis=1)", y_pred=dense)
    assert metric.value is None


def test_binary_and_one_hot_metrics():
    scores = np.where(LABELS > 0, 0.75, 0.25).astype(np.float32)
    binary = diagnose(y_true=MASKS > 0, y_pred=scores, metric="tf_keras.metrics.BinaryIoU()")
    assert binary.metric.value == pytest.approx(binary.mean_iou, abs=1e-6)
    dense = probabilities(LABELS, 3, classes=3)
    masks = one_hot(MASKS, 3)
    report = diagnose(y_true=masks, y_pred=dense, metric="tf_keras.metrics.OneHotMeanIoU(3)")
    assert report.metric.value == pytest.approx(report.mean_iou, abs=1e-6)
    one = reads("tf_keras.metrics.OneHotIoU(3, [2])", y_true=masks, y_pred=dense)
    assert one.value == pytest.approx(report.score.per_class[2].iou, abs=1e-6)


def test_arrays_of_different_lengths_raise():
    dense = probabilities(LABELS, 3, classes=3)
    assert "must match" in reads("tf_keras.metrics.MeanIoU(3)", y_pred=dense).error


def test_target_classes_are_checked_as_for_keras():
    with pytest.raises(UsageError, match="must lie in"):
        reads("tf_keras.metrics.IoU(3, [3])")
