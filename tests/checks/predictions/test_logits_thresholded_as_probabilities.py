import numpy as np
import pytest
from build import after, diagnose, errors, found, names, sigmoid
from help_code import run_help

TRUTH = [[[0, 1, 1, 0]]]
LOGITS = [[[-2.5, 0.25, 3.5, -0.5]]]


def test_binary_iou_thresholds_logits_at_one_half():
    report = diagnose(y_true=TRUTH, y_pred=LOGITS, metric="keras.metrics.BinaryIoU()")
    finding = found(report, "logits-thresholded-as-probabilities")
    assert finding.facts == {
        "minimum": -2.5,
        "maximum": 3.5,
        "threshold": 0.5,
        "pixels_between": 1,
        "pixels": 4,
    }
    assert "threshold=0)" in finding.help
    assert errors(report) == ["logits-thresholded-as-probabilities"]
    assert report.metric.value == pytest.approx((2 / 3 + 1 / 2) / 2, abs=1e-6)
    assert after(report, "logits-thresholded-as-probabilities") == 1.0


def test_a_logit_of_0_lies_between_and_one_of_one_half_does_not():
    report = diagnose(
        y_true=TRUTH, y_pred=[[[-2.5, 0.0, 0.5, -0.25]]], metric="keras.metrics.BinaryIoU()"
    )
    assert found(report, "logits-thresholded-as-probabilities").facts["pixels_between"] == 1


@pytest.mark.parametrize(
    ("y_pred", "metric"),
    [
        (LOGITS, "keras.metrics.BinaryIoU(threshold=0)"),
        (LOGITS, "keras.metrics.BinaryIoU(threshold=2.0)"),
        (LOGITS, "keras.metrics.MeanIoU(num_classes=2)"),
        (sigmoid(np.array(TRUTH), 1), "keras.metrics.BinaryIoU()"),
        ([[[0.0, 1.0, 1.0, 1.0]]], "keras.metrics.BinaryIoU()"),
    ],
    ids=["0", "a logit's threshold", "no threshold", "sigmoid", "labels"],
)
def test_thresholds_that_fit_pass(y_pred, metric):
    report = diagnose(y_true=TRUTH, y_pred=y_pred, metric=metric)
    assert "logits-thresholded-as-probabilities" not in names(report)


def test_the_code_of_the_help_makes_probabilities():
    logits = np.array(LOGITS)
    metric = "keras.metrics.BinaryIoU()"
    report = diagnose(y_true=TRUTH, y_pred=logits, metric=metric)
    help_text = found(report, "logits-thresholded-as-probabilities").help
    _, scores = run_help(help_text, masks=np.array(TRUTH), predictions=logits)
    repaired = diagnose(y_true=TRUTH, y_pred=scores, metric=metric)
    assert errors(repaired) == []
    assert repaired.mean_iou == 1.0
