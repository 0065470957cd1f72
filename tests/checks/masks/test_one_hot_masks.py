import numpy as np
import pytest
from build import after, diagnose, errors, found, names, one_hot, scene

TRUTH = np.array([[[0, 1, 2, 1]]])


def test_labels_are_read_from_every_channel():
    report = diagnose(y_true=one_hot(TRUTH, 3), y_pred=one_hot([[[0, 1, 1, 1]]], 3), num_classes=3)
    assert found(report, "one-hot-masks").facts == {
        "channels": 3,
        "class_axis": 3,
        "values": 12,
        "pixels": 4,
        "pixels_one_hot": 4,
        "pixels_all_zero": 0,
    }
    assert errors(report) == ["one-hot-masks"]
    assert after(report, "one-hot-masks") == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_void_pixels_without_a_class_leave():
    masks = one_hot([[[0, 1, 9, 1]]], 2)
    report = diagnose(y_true=masks, y_pred=[[[0, 1, 1, 0]]], num_classes=2)
    assert found(report, "one-hot-masks").facts["pixels_all_zero"] == 1
    assert report.pixels.out_of_range == 1
    assert report.mean_iou == 0.5


@pytest.mark.parametrize(
    "metric",
    ["OneHotMeanIoU(num_classes=3)", "MeanIoU(3, sparse_y_true=False, sparse_y_pred=False)"],
)
def test_a_metric_that_takes_the_argmax_of_masks_passes(metric):
    report = diagnose(y_true=one_hot(TRUTH, 3), y_pred=one_hot(TRUTH, 3), metric=metric)
    assert names(report) == []


def test_labels_pass():
    assert names(diagnose(y_true=TRUTH, y_pred=TRUTH, num_classes=3)) == []


def test_255_in_place_of_1():
    labels = scene(1, classes=4)
    masks = one_hot(labels, 4) * 255
    report = diagnose(y_true=masks.astype(np.uint8), y_pred=labels, num_classes=4)
    assert report.verdict.primary == "one-hot-masks"
    assert after(report, "one-hot-masks") == 1.0
