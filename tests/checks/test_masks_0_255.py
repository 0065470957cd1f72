import numpy as np
import pytest
from build import after, diagnose, errors, found, names

MASKS = np.array([[[0, 255, 255, 0]]], dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_255_stands_for_class_1(dtype):
    report = diagnose(y_true=MASKS.astype(dtype), y_pred=[[[0, 1, 0, 0]]], num_classes=2)
    assert found(report, "masks-0-255").facts == {"pixels_255": 2, "pixels": 4}
    assert errors(report) == ["masks-0-255"]
    assert report.consequences == {"class-imbalance", "dropped-pixels"}
    assert after(report, "masks-0-255") == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_predictions_of_255_are_mended_with_the_masks():
    report = diagnose(y_true=MASKS, y_pred=[[[0, 255, 0, 0]]], num_classes=2)
    assert errors(report) == ["masks-0-255", "prediction-out-of-range"]
    assert found(report, "prediction-out-of-range").facts["labels"] == {"255": 1}
    assert report.verdict.mean_iou_after_all == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_a_void_border_of_255_beside_class_1_is_another_rule():
    report = diagnose(y_true=[[[0, 255, 1, 0]]], y_pred=[[[0, 1, 1, 0]]], num_classes=2)
    assert errors(report) == []
    assert report.verdict.primary == "undeclared-void-label"


def test_255_as_declared_ignore_label_passes():
    report = diagnose(y_true=MASKS, y_pred=[[[0, 1, 0, 0]]], num_classes=2, ignore_index=255)
    assert "masks-0-255" not in names(report)
    assert errors(report) == []


def test_more_than_two_classes_pass():
    report = diagnose(y_true=MASKS, y_pred=[[[0, 1, 2, 0]]], num_classes=3)
    assert "masks-0-255" not in names(report)
