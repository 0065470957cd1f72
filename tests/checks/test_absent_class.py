import pytest
from build import diagnose, found, names, outcome

T = [[[0, 1, 1, 1]]]
P = [[[0, 0, 1, 1]]]  # IoU 1/2 and 2/3
MEAN = (1 / 2 + 2 / 3) / 2


def test_the_score_of_each_convention_is_told():
    report = diagnose(y_true=T, y_pred=P, num_classes=4)
    assert names(report) == ["absent-class"]
    assert found(report, "absent-class").facts == {
        "classes": [2, 3],
        "mean_iou": pytest.approx(MEAN),
        "counted_as_0": pytest.approx(MEAN / 2),
        "counted_as_1": pytest.approx(MEAN / 2 + 1 / 2),
    }


def test_a_note_is_never_the_root_cause():
    report = diagnose(y_true=T, y_pred=P, num_classes=4)
    assert report.verdict.primary is None
    assert not report.verdict.sick


def test_the_ignored_class_is_not_absent():
    report = diagnose(y_true=T, y_pred=[[[1, 1, 1, 1]]], num_classes=3, ignore_index=0)
    assert found(report, "absent-class").facts["classes"] == [2]
    both = diagnose(y_true=T, y_pred=[[[1, 1, 1, 1]]], num_classes=2, ignore_index=0)
    assert "absent-class" not in names(both)


def test_a_class_that_is_only_predicted_has_a_union():
    assert "absent-class" not in names(diagnose(y_true=T, y_pred=[[[0, 2, 1, 1]]], num_classes=3))


def test_conventions_wait_until_errors_are_cured():
    report = diagnose(y_true=[[[0, 255, 0, 0]]], y_pred=[[[0, 0, 0, 0]]], num_classes=2)
    assert names(report)[0] == "masks-0-255"
    assert outcome(report, "absent-class").reason is not None
