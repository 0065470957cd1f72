import numpy as np
import pytest
from build import diagnose, errors, found, outcome

from iou_doctor.report.finding import Status

PREDICTED = [[[0, 1, 0, 1]]]


def test_nan_and_inf_are_counted():
    report = diagnose(y_true=[[[0, 1, np.nan, -np.inf]]], y_pred=PREDICTED, num_classes=2)
    finding = found(report, "non-finite-masks")
    assert finding.facts == {"nan": 1, "infinite": 1, "no_data": {}}
    assert finding.evidence == "first: sample 0, pixel (0, 2): nan"
    assert errors(report) == ["non-finite-masks"]
    assert report.consequences == {"dropped-pixels"}
    assert (report.pixels.counted, report.pixels.out_of_range) == (2, 2)
    assert finding.repair.mean_iou_after == 1.0


@pytest.mark.parametrize("label", [-9999, 65535, -32768])
def test_no_data_values_are_not_mere_strays(label):
    report = diagnose(y_true=[[[0, 1, label, 1]]], y_pred=PREDICTED, num_classes=2)
    assert found(report, "non-finite-masks").facts == {
        "nan": 0,
        "infinite": 0,
        "no_data": {str(label): 1},
    }
    assert errors(report) == ["non-finite-masks"]


def test_a_declared_no_data_value_passes():
    report = diagnose(
        y_true=[[[0, 1, -9999, 1]]], y_pred=PREDICTED, num_classes=2, ignore_index=-9999
    )
    assert outcome(report, "non-finite-masks").status is Status.PASSED
    assert report.pixels.ignored == 1
