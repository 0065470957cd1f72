import numpy as np
import pytest
from build import after, diagnose, errors, found, names

IDS = np.array([[[0, 1, 2, 2]]])
PREDICTED = [[[0, 1, 2, 1]]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_fractions_of_255_are_ids(dtype):
    report = diagnose(y_true=(IDS / 255).astype(dtype), y_pred=PREDICTED, num_classes=3)
    assert found(report, "masks-divided-by-255").facts == {
        "labels": [0, 1, 2],
        "fractional": 3,
        "values": 4,
    }
    assert errors(report) == ["masks-divided-by-255"]
    assert after(report, "masks-divided-by-255") == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)


def test_a_void_label_of_255_becomes_1_and_back():
    masks = (np.array([[[0, 1, 255, 2, 255, 0]]]) / 255).astype(np.float32)
    predicted = [[[0, 1, 2, 1, 2, 0]]]
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=3, ignore_index=255)
    assert found(report, "masks-divided-by-255").facts["labels"] == [0, 1, 2, 255]
    assert after(report, "masks-divided-by-255") == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_0_and_255_divided_by_255_are_right():
    masks = (np.array([[[0, 255, 255, 0]]]) / 255).astype(np.float32)
    report = diagnose(y_true=masks, y_pred=[[[0, 1, 1, 0]]], num_classes=2)
    assert names(report) == []
    assert report.mean_iou == 1.0


@pytest.mark.parametrize(
    "soft", [[0.0, 0.3, 1.0, 0.7], [0.0, 64 / 255, 128 / 255, 1.0], [0.0, 0.0015, 1.0, 1.0]]
)
def test_soft_masks_pass(soft):
    report = diagnose(y_true=[[soft]], y_pred=[[[0, 1, 1, 0]]], num_classes=2)
    assert "masks-divided-by-255" not in names(report)


def test_integers_pass():
    assert names(diagnose(y_true=IDS, y_pred=IDS, num_classes=3)) == []
