import pytest
from build import diagnose, errors, found, names, outcome

from iou_doctor.report.baseline import Baseline, BaselineInput

T = [[[0, 0, 1, 1]]]
P = [[[0, 0, 0, 1]]]  # IoU 2/3 and 1/2
IOU = {0: 2 / 3, 1: 1 / 2}
LABELS = BaselineInput("labels", None)


def baseline(mean_iou, class_iou, max_drop=0.01):
    return Baseline("b.json", 2, None, LABELS, LABELS, mean_iou, class_iou, max_drop)


def test_a_lower_mean_and_a_lower_class_are_reported():
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=baseline(0.7, {0: 0.67, 1: 0.73}))
    assert errors(report) == ["score-regression"]
    assert report.verdict.primary == "score-regression"
    assert found(report, "score-regression").facts == {
        "max_drop": 0.01,
        "mean_iou": {
            "baseline": 0.7,
            "now": pytest.approx(7 / 12),
            "drop": pytest.approx(0.7 - 7 / 12),
        },
        "classes": [{"id": 1, "baseline": 0.73, "now": 0.5, "drop": pytest.approx(0.23)}],
    }


def test_a_lost_class_is_reported_although_the_mean_rose():
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=baseline(0.5, {0: 0.3, 1: 0.7}))
    finding = found(report, "score-regression")
    assert [entry["id"] for entry in finding.facts["classes"]] == [1]
    assert finding.message.startswith("IoU of class 1 (0.7000 to 0.5000) fell")


def test_a_drop_of_exactly_the_allowed_size_is_allowed():
    allowed = baseline(7 / 12 + 0.1, {0: 2 / 3 + 0.1, 1: 0.6}, max_drop=0.1)
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=allowed)
    assert names(report) == []
    assert outcome(report, "score-regression").status == "passed"


def test_a_class_that_is_absent_in_one_report_is_not_compared():
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=baseline(0.58, {0: None, 7: 1.0}))
    assert names(report) == []


@pytest.mark.parametrize(
    ("given", "arrays", "reason"),
    [
        (None, {"y_true": T, "y_pred": P}, "no --baseline given"),
        (baseline(None, {}), {"y_true": T, "y_pred": P}, "the baseline has no mean IoU"),
        (baseline(0.7, IOU), {"y_true": T, "y_pred": [[[0, 0, 1]]]}, "do not pair up"),
    ],
)
def test_not_looking_is_not_passing(given, arrays, reason):
    result = outcome(diagnose(**arrays, num_classes=2, baseline=given), "score-regression")
    assert result.status == "skipped"
    assert reason in result.reason
