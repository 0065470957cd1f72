import numpy as np
import pytest
from build import after, diagnose, errors, found, names

MASKS = np.array([[[0, 255, 255, 0]]], dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_255_means_class_1(dtype):
    report = diagnose(y_true=MASKS.astype(dtype), y_pred=[[[0, 1, 0, 0]]], num_classes=2)
    assert found(report, "masks-0-255").facts == {"pixels_255": 2, "pixels": 4}
    assert errors(report) == ["masks-0-255"]
    assert report.consequences == {"dropped-pixels"}
    assert after(report, "masks-0-255") == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_predictions_of_255_are_repaired_with_the_masks():
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


def outlined():
    """Return masks of 0 with void outlines of 255 round discs, and where the discs are."""
    rows, columns = np.mgrid[:64, :64]
    masks, discs = np.zeros((3, 64, 64), dtype=np.uint8), np.zeros((3, 64, 64), dtype=bool)
    for image, disc, middle in zip(masks, discs, ((25, 30), (33, 38), (39, 26)), strict=True):
        distance = np.hypot(rows - middle[0], columns - middle[1])
        image[abs(distance - 15) < 2.5] = 255
        disc[distance < 15] = True
    return masks, discs


def test_a_thin_border_round_something_else_is_void():
    masks, discs = outlined()
    speckled = np.random.default_rng(2).random(discs.shape) < 0.05
    for predictions in (np.zeros_like(masks), speckled, discs):
        report = diagnose(y_true=masks, y_pred=predictions, num_classes=2)
        assert "masks-0-255" not in names(report)
        assert "undeclared-void-label" in names(report)


def test_thin_rings_that_are_predicted_are_objects():
    masks, _ = outlined()
    specks = np.random.default_rng(2).random(masks.shape) < 0.05
    report = diagnose(y_true=masks, y_pred=(masks > 0) | specks, num_classes=2)
    assert report.verdict.primary == "masks-0-255"


def test_thin_objects_that_enclose_nothing_are_objects():
    masks = np.zeros((2, 64, 64), dtype=np.uint8)
    masks[:, 10:13] = masks[:, :, 30:32] = 255
    report = diagnose(y_true=masks, y_pred=np.zeros_like(masks), num_classes=2)
    assert report.verdict.primary == "masks-0-255"


def test_outlines_of_bodies_are_objects():
    masks, discs = outlined()
    report = diagnose(y_true=masks | discs * 255, y_pred=np.zeros_like(masks), num_classes=2)
    assert report.verdict.primary == "masks-0-255"
