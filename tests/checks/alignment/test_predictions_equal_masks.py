import numpy as np
import pytest
from build import diagnose, errors, found, names, probabilities
from scenes import boxes

T = boxes(1, samples=2)
RULE = "predictions-equal-masks"


def test_a_copy_of_the_masks():
    report = diagnose(y_true=T, y_pred=T, num_classes=5)
    assert found(report, RULE).facts == {"pixels": T.size, "classes": 5}
    assert errors(report) == []
    assert report.verdict.primary == RULE


def test_a_perfect_argmax():
    metric = "MeanIoU(5, sparse_y_pred=False)"
    report = diagnose(y_true=T, y_pred=probabilities(T, 1, classes=5), metric=metric)
    assert RULE in names(report)


def test_one_other_pixel_passes():
    other = T.copy()
    other[0, 0, 0] = 4 - other[0, 0, 0]
    assert RULE not in names(diagnose(y_true=T, y_pred=other, num_classes=5))


def test_examples_and_one_class_pass():
    assert RULE not in names(diagnose(y_true=T[:, :20, :20], y_pred=T[:, :20, :20], num_classes=5))
    plain = np.zeros((2, 48, 64), np.uint8)
    assert RULE not in names(diagnose(y_true=plain, y_pred=plain, num_classes=2))


@pytest.mark.parametrize(("pixels", "fires"), [(1_000, False), (1_001, True)])
def test_more_than_a_thousand_pixels_are_no_example(pixels, fires):
    labels = (np.arange(pixels) % 3).reshape(1, 1, pixels)
    assert (RULE in names(diagnose(y_true=labels, y_pred=labels, num_classes=3))) == fires
