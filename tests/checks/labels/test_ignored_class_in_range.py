import numpy as np
import pytest
from build import diagnose, found, names, noisy, scene

T = scene(1)
P = noisy(T, 2)


def test_the_metric_keeps_the_ignored_class_in_the_mean():
    report = diagnose(
        y_true=[[[0, 1, 2, 1]]], y_pred=[[[0, 0, 2, 1]]], num_classes=3, ignore_index=0
    )
    facts = found(report, "ignored-class-in-range").facts
    assert facts["metric"] == pytest.approx(0.5)
    assert facts["mean_iou"] == pytest.approx(0.75)
    assert facts["pixels"] == 1
    assert facts["recall"] is None
    assert "metric reads 0.5000" in found(report, "ignored-class-in-range").message
    assert "metric-misreads-arrays" not in names(report)
    assert not report.verdict.sick


def test_of_two_classes_the_iou_becomes_the_recall():
    masks, predictions = [[[0, 0, 0, 1, 1]]], [[[1, 1, 0, 1, 1]]]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2, ignore_index=0)
    finding = found(report, "ignored-class-in-range")
    assert finding.facts["recall"] == 1.0
    assert finding.facts["mean_iou_with_its_pixels"] == pytest.approx(0.5)
    assert finding.message == (
        "class 0 is ignored, which leaves out 3 pixels (60 %) and every false positive on them, so"
        " the IoU of class 1 is its recall; the mean IoU without the class is 1.0000, and 0.5000 if"
        " those pixels are counted"
    )


def test_a_class_in_the_middle():
    report = diagnose(y_true=T, y_pred=P, num_classes=3, ignore_index=1)
    assert "target_class_ids=[0, 2]" in found(report, "ignored-class-in-range").help


def test_a_void_label_with_a_number_of_its_own_is_silent():
    void = np.where(np.arange(18) == 5, 3, T)
    report = diagnose(y_true=void, y_pred=P, num_classes=4, ignore_index=3)
    assert names(report) == []


@pytest.mark.parametrize("ignored", [3, 255, -1])
def test_an_ignore_label_beside_the_classes_is_silent(ignored):
    report = diagnose(y_true=T, y_pred=P, num_classes=3, ignore_index=ignored)
    assert "ignored-class-in-range" not in names(report)
