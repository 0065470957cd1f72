import numpy as np
import pytest
from build import diagnose, errors, found, names, one_hot, outcome
from help_code import run_help

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


@pytest.mark.parametrize("ignore_index", [None, -1, 255])
@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (np.uint16, (65535, 65535)),
        (np.int16, (-9999, -9999)),
        (np.float32, (np.nan, np.nan)),
        (np.float32, (np.inf, -9999)),
    ],
)
def test_the_code_of_the_help_maps_them_to_the_ignore_label(dtype, values, ignore_index):
    masks = np.array([[[0, 1, *values]]], dtype=dtype)
    report = diagnose(y_true=masks, y_pred=PREDICTED, num_classes=2, ignore_index=ignore_index)
    help_text = found(report, "non-finite-masks").help
    repaired, _ = run_help(help_text, masks=masks, predictions=np.array(PREDICTED))
    label = 255 if ignore_index is None else ignore_index
    assert repaired.tolist() == [[[0, 1, label, label]]]
    assert ("--ignore-index 255" in help_text) == (ignore_index is None)


def test_channels_with_nan_have_no_code_to_paste():
    masks = one_hot([[[0, 1, 0, 1]]], 2, np.float32)
    masks[0, 0, 2] = np.nan
    report = diagnose(y_true=masks, y_pred=PREDICTED, num_classes=2)
    assert "masks = " not in found(report, "non-finite-masks").help


def test_white_of_16_bits_is_the_object_where_it_is_predicted():
    truth = np.zeros((4, 24, 32), np.uint16)
    truth[:, 4:14, 5:20] = 65535
    predicted = np.roll(truth > 0, 1, axis=2).astype(np.uint8)
    assert "non-finite-masks" not in names(diagnose(y_true=truth, y_pred=predicted))
    assert "non-finite-masks" in names(diagnose(y_true=truth, y_pred=np.roll(predicted, 12, 2)))
