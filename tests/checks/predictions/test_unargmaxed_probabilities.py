import numpy as np
import pytest
from build import after, diagnose, errors, found, names, one_hot

TRUTH = np.array([[[1, 0], [2, 0]]])
SOFTMAX = np.array([[[[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]], [[0, 1, 0], [0.7, 0.2, 0.1]]]])


def test_probabilities_for_a_metric_that_reads_labels():
    report = diagnose(y_true=one_hot(TRUTH, 3), y_pred=SOFTMAX, num_classes=3)
    facts = found(report, "unargmaxed-probabilities").facts
    assert {
        key: facts[key] for key in ("channels", "class_axis", "values_below_one", "values")
    } == {
        "channels": 3,
        "class_axis": 3,
        "values_below_one": 11,
        "values": 12,
    }
    assert (facts["minimum"], facts["maximum"]) == (0.0, 1.0)
    assert report.verdict.primary == "unargmaxed-probabilities"
    assert after(report, "unargmaxed-probabilities") == pytest.approx((1 + 0.5 + 0) / 3)


def test_float16_softmax_over_many_classes_still_sums_to_1():
    scores = np.random.default_rng(0).random((1, 6, 6, 150))
    softmax = (scores / scores.sum(-1, keepdims=True)).astype(np.float16)
    report = diagnose(y_true=softmax.argmax(-1), y_pred=softmax, num_classes=150)
    assert report.verdict.primary == "unargmaxed-probabilities"


@pytest.mark.parametrize(
    "call", ["MeanIoU(3, sparse_y_pred=False)", "tf.keras.metrics.MeanIoU(3, sparse_y_pred=False)"]
)
def test_a_metric_that_takes_the_argmax_passes(call):
    report = diagnose(y_true=TRUTH, y_pred=SOFTMAX, metric=call)
    assert errors(report) == []
    assert report.metric.value == pytest.approx(report.mean_iou, abs=1e-6)


def test_one_hot_metrics_pass():
    report = diagnose(
        y_true=one_hot(TRUTH, 3),
        y_pred=SOFTMAX,
        metric="keras.metrics.OneHotMeanIoU(num_classes=3)",
    )
    assert errors(report) == []


def test_labels_are_no_probabilities():
    assert names(diagnose(y_true=TRUTH, y_pred=TRUTH, num_classes=3)) == []
    binary = np.array([[[0, 1, 1, 0], [0, 0, 1, 0]]])
    floats = diagnose(y_true=binary, y_pred=binary.astype(np.float32), num_classes=2)
    assert names(floats) == []
