import numpy as np
import pytest
from build import diagnose, errors, found, names, noisy, one_hot, probabilities, scene

T = scene(1, samples=2, height=24, width=30)
SCORES = probabilities(noisy(T, 2), 1, classes=3)
METRIC = "OneHotMeanIoU(num_classes=3)"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, bool])
def test_pixels_of_no_class_are_counted(dtype):
    masks = one_hot(T, 3, dtype)
    masks[:, ::6] = 0
    report = diagnose(y_true=masks, y_pred=SCORES, metric=METRIC)
    assert found(report, "invalid-one-hot").facts == {
        "pixels": 1440,
        "no_class": 240,
        "several_classes": 0,
    }
    assert report.metric.value != pytest.approx(report.mean_iou, abs=1e-4)
    assert report.verdict.primary == "invalid-one-hot"
    assert errors(report) == []


def test_pixels_of_several_classes_are_counted():
    masks = one_hot(T, 3)
    masks[0, 0] = 1
    masks[0, 1] = 0
    facts = found(diagnose(y_true=masks, y_pred=SCORES, metric=METRIC), "invalid-one-hot").facts
    assert (facts["no_class"], facts["several_classes"]) == (30, 30)


def test_valid_one_hot_masks_and_labels_pass():
    report = diagnose(y_true=one_hot(T, 3), y_pred=SCORES, metric=METRIC)
    assert "invalid-one-hot" not in names(report)
    report = diagnose(y_true=T, y_pred=SCORES, metric="MeanIoU(3, sparse_y_pred=False)")
    assert "invalid-one-hot" not in names(report)
