import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, noisy, one_hot, probabilities, scene
from help_code import run_help

TRUTH = scene(1)
PREDICTED = noisy(TRUTH, 2)
SOFTMAX = probabilities(PREDICTED, 3, classes=3)
FIRST = np.moveaxis(SOFTMAX, -1, 1)
IOU = mean_iou(TRUTH, PREDICTED, 3)


def test_channels_first_predictions_are_the_root_cause():
    report = diagnose(y_true=TRUTH, y_pred=FIRST, num_classes=3)
    finding = found(report, "channels-first")
    assert finding.facts == {"predictions": {"class_axis": 1, "shape": [2, 3, 12, 18]}}
    assert report.verdict.primary == "channels-first"
    assert finding.repair.mean_iou_after == pytest.approx(IOU)


def test_axis_1_in_the_call_does_not_help_because_keras_fails_in_result():
    metric = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False, axis=1)"
    report = diagnose(y_true=TRUTH, y_pred=FIRST, metric=metric)
    assert errors(report) == ["channels-first"]
    assert report.metric.value is None
    assert report.metric.error is not None
    assert report.primary.message.startswith("MeanIoU of Keras 3 takes axis=1, but fails")
    assert report.primary.help.endswith("and leave out axis=1")
    assert report.mean_iou == pytest.approx(IOU)


def test_channels_first_masks_are_named_too():
    masks = np.moveaxis(one_hot(TRUTH, 3), -1, 1)
    metric = "keras.metrics.OneHotMeanIoU(num_classes=3)"
    report = diagnose(y_true=masks, y_pred=FIRST, metric=metric)
    assert found(report, "channels-first").facts == {
        "predictions": {"class_axis": 1, "shape": [2, 3, 12, 18]},
        "masks": {"class_axis": 1, "shape": [2, 3, 12, 18]},
    }


def test_a_width_equal_to_the_number_of_classes_is_decided_by_sums():
    truth = scene(1, width=3)
    first = np.moveaxis(probabilities(truth, 3, classes=3), -1, 1)
    report = diagnose(y_true=truth, y_pred=first, metric="MeanIoU(3, sparse_y_pred=False)")
    assert names(report)[:1] == ["channels-first"]
    assert report.mean_iou == 1.0
    assert report.metric.value < 0.9  # without a word from Keras


def test_channels_last_and_one_channel_on_axis_1_pass():
    metric = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
    assert errors(diagnose(y_true=TRUTH, y_pred=SOFTMAX, metric=metric)) == []
    single = diagnose(y_true=TRUTH[:, None], y_pred=PREDICTED[:, None], num_classes=3)
    assert names(single) == []


@pytest.mark.parametrize(
    "metric", ["torchmetrics.segmentation.MeanIoU(3)", "monai.metrics.MeanIoU()"]
)
def test_a_metric_of_channels_first_says_which_axis_it_takes(metric):
    arrays = one_hot(scene(1), 3)
    report = diagnose(y_true=arrays, y_pred=arrays, metric=metric, num_classes=3)
    assert "it takes axis 1 for the classes, which are on axis 3" in report.metric.note
    assert report.verdict.summary.startswith("your metric misreads the arrays")
    assert "masks = np.moveaxis(masks, 3, 1)" in report.findings[0].help


def test_the_help_for_a_metric_of_channels_last_moves_them_there():
    metric = "segmentation_models.metrics.IOUScore()"
    masks = np.moveaxis(one_hot(TRUTH, 3), -1, 1)
    report = diagnose(y_true=masks, y_pred=FIRST, metric=metric)
    masks, predictions = run_help(
        found(report, "channels-first").help, masks=masks, predictions=FIRST
    )
    assert np.array_equal(masks, one_hot(TRUTH, 3))
    assert np.array_equal(predictions, SOFTMAX)
