import numpy as np
import pytest
from build import diagnose, errors, found, names, outcome

from iou_doctor.report.finding import Status


def test_nan_and_inf_are_counted_and_the_first_is_named():
    report = diagnose(y_true=[[[0, 1, 1, 0]]], y_pred=[[[0, np.nan, 1, np.inf]]], num_classes=2)
    finding = found(report, "non-finite-predictions")
    assert finding.facts == {"nan": 1, "infinite": 1, "values": 4}
    assert finding.evidence == "first: sample 0, pixel (0, 1): nan"
    assert errors(report) == ["non-finite-predictions"]
    assert report.consequences == {"dropped-pixels"}
    assert report.mean_iou == 0.5
    assert report.metric.value == pytest.approx(1, abs=1e-6)  # Keras drops both


def test_a_nan_channel_makes_the_pixel_a_miss():
    scores = np.array([[[[0.9, 0.1], [np.nan, 0.2]]]])
    report = diagnose(y_true=[[[0, 1]]], y_pred=scores, num_classes=2)
    assert report.verdict.primary == "non-finite-predictions"
    assert report.mean_iou == 0.5


def test_finite_values_pass():
    report = diagnose(y_true=[[[0, 1, 1, 0]]], y_pred=[[[0.0, 1.0, 1.0, 0.0]]], num_classes=2)
    assert outcome(report, "non-finite-predictions").status is Status.PASSED
    assert names(report) == []


@pytest.mark.parametrize("channels", ["infinite", "both", "nan"])
def test_scores_without_a_finite_value_are_reported_by_this_rule_alone(channels):
    values = {"infinite": [np.inf], "both": [np.inf, -np.inf], "nan": [np.nan]}[channels]
    scores = np.resize(np.array(values, dtype=np.float16), (2, 3, 4, 4))
    masks = np.zeros((2, 3, 4), dtype=bool)
    report = diagnose(y_true=masks, y_pred=scores, metric="MeanIoU(num_classes=4)")
    assert report.verdict.primary == "non-finite-predictions"
    assert "unargmaxed-logits" not in names(report)
