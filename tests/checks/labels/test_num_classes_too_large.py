import numpy as np
import pytest
from build import diagnose, found, names, noisy, probabilities, scene

T = scene(1, samples=4)
P = noisy(T, 2)


def test_three_classes_in_a_matrix_for_twelve():
    report = diagnose(y_true=T, y_pred=P, num_classes=12)
    facts = found(report, "num-classes-too-large").facts
    assert (facts["largest_label"], facts["suggested_num_classes"]) == (2, 3)
    assert facts["mean_iou_absent_as_0"] == pytest.approx(report.mean_iou / 4)
    assert not report.verdict.sick


def test_void_is_no_class():
    masks = np.where(np.arange(18) == 5, 255, T.astype(int))
    report = diagnose(y_true=masks, y_pred=P, num_classes=12, ignore_index=255)
    assert found(report, "num-classes-too-large").facts["suggested_num_classes"] == 3


def test_an_absent_class_or_a_few_are_normal():
    for classes in (3, 4, 5, 6):
        report = diagnose(y_true=T, y_pred=P, num_classes=classes)
        assert "num-classes-too-large" not in names(report)


def test_a_gap_shows_that_classes_are_just_absent():
    gap = np.where(T == 1, 3, T)
    report = diagnose(y_true=gap, y_pred=np.where(P == 1, 3, P), num_classes=12)
    assert "num-classes-too-large" not in names(report)


def test_one_prediction_of_a_higher_class_is_enough_support():
    used = P.copy()
    used[0, 0, 5] = 11
    assert "num-classes-too-large" not in names(diagnose(y_true=T, y_pred=used, num_classes=12))


def test_a_few_images_often_show_few_classes():
    report = diagnose(y_true=T[:3], y_pred=P[:3], num_classes=12)
    assert "num-classes-too-large" not in names(report)


def test_channels_say_how_many_classes_there_are():
    report = diagnose(
        y_true=T,
        y_pred=probabilities(P, 3, classes=12),
        metric="MeanIoU(12, sparse_y_pred=False)",
    )
    assert "num-classes-too-large" not in names(report)
    assert "num-classes-too-large" not in names(diagnose(y_true=T, y_pred=P))


@pytest.mark.parametrize(
    ("ids", "classes", "fires"),
    [(2, 5, False), (2, 6, True), (4, 7, False), (4, 8, True), (5, 9, False)],
)
def test_four_unused_classes_and_half_of_all_are_the_limits(ids, classes, fires):
    masks = scene(1, samples=4, classes=ids)
    report = diagnose(y_true=masks, y_pred=noisy(masks, 2, classes=ids), num_classes=classes)
    assert ("num-classes-too-large" in names(report)) == fires
