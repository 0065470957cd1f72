from pathlib import Path

import numpy as np
import pytest
from build import diagnose, errors, found, names, roots

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.report.finding import Severity
from iou_doctor.sources.opening import open_source

TRUTH = np.array([[1, 0], [2, 0]])
SOFTMAX = [[[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]], [[0.05, 0.05, 0.9], [0.7, 0.2, 0.1]]]
ONE_HOT = np.eye(3)[TRUTH]
MEAN_IOU = "keras.metrics.MeanIoU(num_classes=3)"
ONE_HOT_MEAN_IOU = "keras.metrics.OneHotMeanIoU(num_classes=3)"


def test_probabilities_and_one_hot_masks_read_a_third():
    report = diagnose(y_true=ONE_HOT, y_pred=SOFTMAX, metric=MEAN_IOU)
    assert report.metric.value == pytest.approx(0.33333334, abs=1e-8)
    assert report.mean_iou == 1.0
    assert names(report) == ["unargmaxed-probabilities", "one-hot-masks"]
    assert report.explains == {"unargmaxed-probabilities": ("one-hot-masks",)}


def test_probabilities_and_integer_masks_raise():
    report = diagnose(y_true=TRUTH[..., None], y_pred=SOFTMAX, metric=MEAN_IOU)
    assert report.metric.value is None
    assert "Incompatible shapes: [4] vs. [12]" in report.metric.error
    assert report.mean_iou == 1.0
    assert names(report) == ["unargmaxed-probabilities", "missing-one-hot"]
    assert report.explains == {"unargmaxed-probabilities": ("missing-one-hot",)}


def test_one_hot_on_both_sides_counts_12_values_for_4_pixels():
    report = diagnose(y_true=ONE_HOT, y_pred=ONE_HOT, metric=MEAN_IOU)
    assert report.metric.value == pytest.approx(1, abs=1e-6)
    assert names(report) == ["one-hot-masks"]
    facts = found(report, "one-hot-masks").facts
    assert (facts["values"], facts["pixels"]) == (12, 4)


def test_the_one_hot_metric_is_right_for_one_hot_masks():
    report = diagnose(y_true=ONE_HOT, y_pred=SOFTMAX, metric=ONE_HOT_MEAN_IOU)
    assert names(report) == []
    assert not report.verdict.sick
    assert report.verdict.primary is None


def test_the_one_hot_metric_is_wrong_for_integer_masks():
    report = diagnose(y_true=TRUTH[..., None], y_pred=SOFTMAX, metric=ONE_HOT_MEAN_IOU)
    assert names(report) == ["missing-one-hot"]


def test_a_later_rule_can_be_the_cause_of_an_earlier_one():
    # 401 explains 402, and 403 explains both: codes say nothing about cause and effect
    masks = [[[0, 1, 2, 3, 1, 0]]]
    report = diagnose(
        y_true=masks, y_pred=np.eye(5)[masks], metric="MeanIoU(3, sparse_y_pred=False)"
    )
    assert [f.rule.name for f in roots(report)] == ["channel-count-mismatch"]
    assert "label-out-of-range" in report.consequences


SAMPLES = {
    "healthy": (3, None),
    "unargmaxed_one_hot": (3, "unargmaxed-probabilities"),
    "integer_masks_dense_predictions": (3, "unargmaxed-probabilities"),
    "height_width_swapped": (3, "height-width-swapped"),
    "channels_first": (3, "channels-first"),
    "sigmoid": (2, "unthresholded-sigmoid"),
    "masks_0_255": (2, "masks-0-255"),
    "wrong_num_classes": (3, "label-out-of-range"),
    "imbalance": (2, "collapsed-predictions"),
}
FOLDER = Path(__file__).parents[2] / "sample_data"


def test_every_sample_is_expected_here():
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(SAMPLES)


@pytest.mark.parametrize(("name", "num_classes", "primary"), [(k, *v) for k, v in SAMPLES.items()])
def test_one_cause_is_not_reported_five_times(name, num_classes, primary):
    pair = Pair(
        y_true=open_source(str(FOLDER / name / "masks.npy")),
        y_pred=open_source(str(FOLDER / name / "preds.npy")),
    )
    report = check_pair(pair, CheckRequest(options=Options(num_classes=num_classes)))
    assert report.verdict.primary == primary
    assert report.verdict.sick == (primary is not None)
    assert len([f for f in roots(report) if f.severity is Severity.ERROR]) <= 2
    if primary is None:
        assert errors(report) == []
