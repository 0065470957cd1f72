import numpy as np
import pytest
from build import after, diagnose, errors, found, names, one_hot, probabilities, scene
from help_code import run_help

TRUTH = scene(1)
SOFTMAX = probabilities(TRUTH, 2, classes=3)
ONE_HOT_METRIC = "keras.metrics.OneHotMeanIoU(num_classes=3)"


def test_a_one_hot_metric_makes_class_0_of_every_label():
    report = diagnose(y_true=TRUTH[..., None], y_pred=SOFTMAX, metric=ONE_HOT_METRIC)
    assert errors(report) == ["missing-one-hot"]
    finding = found(report, "missing-one-hot")
    assert finding.facts == {"masks": [2, 12, 18, 1], "predictions": [2, 12, 18, 3]}
    assert finding.help == "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
    assert after(report, "missing-one-hot") == 1.0
    assert report.metric.value < 0.4


def test_labels_beside_one_hot_predictions_flatten_to_another_length():
    report = diagnose(y_true=TRUTH, y_pred=one_hot(TRUTH, 3), num_classes=3)
    assert errors(report) == ["missing-one-hot"]
    assert report.metric.value is None


def test_beside_probabilities_it_is_a_consequence():
    report = diagnose(y_true=TRUTH, y_pred=SOFTMAX, num_classes=3)
    assert report.consequences == {"missing-one-hot"}
    assert report.verdict.primary == "unargmaxed-probabilities"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.bool_])
def test_one_hot_masks_pass_for_the_one_hot_metric(dtype):
    report = diagnose(y_true=one_hot(TRUTH, 3, dtype), y_pred=SOFTMAX, metric=ONE_HOT_METRIC)
    assert names(report) == []


@pytest.mark.parametrize("masks", [TRUTH, TRUTH[..., None], TRUTH.astype(np.float32)])
def test_the_code_of_the_help_encodes_what_other_metrics_expect(masks):
    report = diagnose(y_true=masks, y_pred=SOFTMAX, metric="monai.metrics.MeanIoU()")
    help_text = found(report, "missing-one-hot").help
    y_true, y_pred = run_help(help_text, masks=masks, predictions=SOFTMAX)
    repaired = diagnose(y_true=y_true, y_pred=y_pred, metric="monai.metrics.MeanIoU()")
    assert errors(repaired) == []
    assert repaired.mean_iou == 1.0


def test_a_metric_that_refuses_one_label_is_told_of_the_binary_task():
    masks, scores = (TRUTH > 0)[:, None].astype(np.uint8), SOFTMAX.max(axis=-1)[:, None]
    metric = 'torchmetrics.JaccardIndex(task="multilabel", num_labels=1)'
    report = diagnose(y_true=masks, y_pred=scores, metric=metric)
    assert "missing-one-hot" not in names(report)
    help_text = found(report, "metric-misreads-arrays").help
    assert help_text == 'a single label is a binary task: JaccardIndex(task="binary")'
