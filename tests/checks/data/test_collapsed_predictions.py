import numpy as np
from build import diagnose, errors, found, names, scene, sigmoid


def test_one_class_for_every_pixel():
    report = diagnose(y_true=[[[0, 0, 1, 2]]], y_pred=[[[0, 0, 0, 0]]], num_classes=3)
    assert found(report, "collapsed-predictions").facts == {
        "class": 0,
        "pixels": 4,
        "classes_in_masks": 3,
    }
    assert errors(report) == ["collapsed-predictions"]
    assert report.consequences == {"never-predicted-class"}


def test_masks_of_one_class_pass():
    report = diagnose(y_true=[[[0, 0, 0, 0]]], y_pred=[[[1, 1, 1, 1]]], num_classes=3)
    assert errors(report) == []


def test_one_pixel_of_another_class_passes():
    report = diagnose(y_true=[[[0, 0, 1, 2]]], y_pred=[[[0, 0, 0, 1]]], num_classes=3)
    assert errors(report) == []
    assert names(report) == ["never-predicted-class"]


def test_scores_that_only_look_collapsed_to_the_metric_pass():
    truth = scene(1, classes=2)
    report = diagnose(y_true=truth, y_pred=sigmoid(truth, 1), num_classes=2)
    assert "collapsed-predictions" not in names(report)


def test_masks_of_255_or_divided_by_255_are_the_cause():
    truth = scene(1, classes=2)
    zeros = np.zeros_like(truth)
    report = diagnose(y_true=truth / 255, y_pred=zeros, num_classes=2)
    assert report.verdict.primary == "masks-divided-by-255"


def test_one_class_beside_ids_outside_the_classes_passes():
    report = diagnose(y_true=[[[0, 0, 1, 2]]], y_pred=[[[0, 0, 0, 7]]], num_classes=3)
    assert "collapsed-predictions" not in names(report)
