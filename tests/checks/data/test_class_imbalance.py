import numpy as np
import pytest
from build import diagnose, errors, found, names


def test_one_class_nearly_everywhere():
    report = diagnose(y_true=[[[0] * 97 + [1] * 3]], y_pred=[[[0] * 98 + [1] * 2]], num_classes=2)
    assert found(report, "class-imbalance").facts == {
        "largest_class": 0,
        "largest_share": 0.97,
        "floor": pytest.approx(0.485),
        "rare_classes": [],
    }
    assert errors(report) == []
    assert report.verdict.primary == "class-imbalance"


def test_one_class_nearly_nowhere():
    labels = [[[0] * 1000 + [1] * 1000 + [2]]]
    facts = found(diagnose(y_true=labels, y_pred=labels, num_classes=3), "class-imbalance").facts
    assert facts["rare_classes"] == [2]


def test_shares_at_the_limits_pass():
    labels = [[[0] * 950 + [1] * 49 + [2]]]
    assert names(diagnose(y_true=labels, y_pred=labels, num_classes=3)) == []


def test_shares_beyond_the_limits_are_reported():
    dominant = [[[0] * 951 + [1] * 48 + [2]]]
    message = found(diagnose(y_true=dominant, y_pred=dominant), "class-imbalance").message
    assert message == (
        "class 0 covers 95.1 % of the pixels: a model that predicts nothing else scores 0.3170"
    )
    rare = [[[0] * 500 + [1] * 500 + [2]]]
    message = found(diagnose(y_true=rare, y_pred=rare), "class-imbalance").message
    assert message == "class 2 covers only 1 pixel (0.1 %)"
    two = [[[0] * 3000 + [1] * 3000 + [2] * 2 + [3]]]
    message = found(diagnose(y_true=two, y_pred=two), "class-imbalance").message
    assert message == "classes 2 and 3 cover only 3 pixels (0.05 %)"


def test_ignored_pixels_have_no_share():
    labels = [[[9] * 98 + [0, 1]]]
    report = diagnose(y_true=labels, y_pred=labels, num_classes=2, ignore_index=9)
    assert names(report) == ["mostly-ignored"]


def test_the_weights_are_the_median_share_by_each_share():
    masks = np.zeros((4, 10, 100), dtype=np.uint8)
    masks[:, 0, :2], masks[:, 1, :4] = 1, 2
    finding = found(diagnose(y_true=masks, y_pred=masks, num_classes=3), "class-imbalance")
    assert "class_weight={0: 0.00402, 1: 2, 2: 1}" in finding.help
    many = np.zeros((4, 10, 100), dtype=np.uint8)
    many[:, 0, :22] = np.arange(1, 23)
    finding = found(diagnose(y_true=many, y_pred=many, num_classes=23), "class-imbalance")
    assert "class_weight" not in finding.help


def test_a_single_class_is_not_out_of_balance():
    assert "class-imbalance" not in names(diagnose(y_true=[[[0, 0]]], y_pred=[[[0, 1]]]))
