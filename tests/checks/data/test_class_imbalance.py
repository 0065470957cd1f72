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


def test_ignored_pixels_have_no_share():
    labels = [[[9] * 98 + [0, 1]]]
    assert names(diagnose(y_true=labels, y_pred=labels, num_classes=2, ignore_index=9)) == []
