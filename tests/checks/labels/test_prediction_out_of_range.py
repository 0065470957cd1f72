import numpy as np
import pytest
from build import after, diagnose, errors, found, names

RULE = "prediction-out-of-range"


def test_a_predicted_id_without_a_class_is_a_miss():
    report = diagnose(y_true=[[[0, 1, 1, 1]]], y_pred=[[[0, 1, 7, 1]]], num_classes=2)
    finding = found(report, "prediction-out-of-range")
    assert finding.facts == {"labels": {"7": 1}, "num_classes": 2}
    assert finding.repair is None
    assert errors(report) == ["prediction-out-of-range"]
    assert report.consequences == {"dropped-pixels"}
    assert report.mean_iou == pytest.approx((1 + 2 / 3) / 2)
    assert report.metric.value == pytest.approx(1, abs=1e-6)


def test_predictions_of_0_and_255_are_repaired():
    report = diagnose(y_true=[[[0, 1, 1, 0]]], y_pred=[[[0, 255, 255, 0]]], num_classes=2)
    assert errors(report) == ["prediction-out-of-range"]
    assert report.mean_iou == 0.5
    assert after(report, "prediction-out-of-range") == 1.0


@pytest.mark.parametrize("void", [255, 9])
def test_ids_predicted_only_where_the_mask_is_void_pass(void):
    report = diagnose(
        y_true=[[[0, 1, void, 1]]], y_pred=[[[0, 1, void, 1]]], num_classes=2, ignore_index=void
    )
    assert names(report) == []


def test_the_same_where_the_void_label_was_not_declared():
    report = diagnose(y_true=[[[0, 1, 255, 1]]], y_pred=[[[0, 1, 255, 1]]], num_classes=2)
    assert errors(report) == []
    assert report.verdict.primary == "undeclared-void-label"


def test_negative_ids_suggest_no_number_of_classes():
    report = diagnose(y_true=[[0, 1, 2, 1]], y_pred=[[0, 1, 2, -1]], num_classes=3)
    assert found(report, "prediction-out-of-range").help == "map these ids to classes"


@pytest.mark.parametrize(
    ("label", "help_text"),
    [
        (1023, "num_classes=1024, or map these ids to classes"),
        (1024, "map these ids to classes"),
    ],
)
def test_ids_from_1024_suggest_no_number_of_classes(label, help_text):
    report = diagnose(y_true=[[0, 1, 2, 1]], y_pred=[[0, 1, 2, label]], num_classes=3)
    assert found(report, RULE).help == help_text


@pytest.mark.parametrize(
    ("y_pred", "evidence"),
    [
        ([7, 7, 7, 7, 1], "75 % of these pixels are class 1 in the masks"),
        ([7, 7, 1, 1, 1], None),
    ],
)
def test_the_class_that_most_strays_are_in_the_masks_is_named(y_pred, evidence):
    report = diagnose(y_true=[[[0, 1, 1, 1, 1]]], y_pred=[[y_pred]], num_classes=2)
    assert found(report, RULE).evidence == evidence


@pytest.mark.parametrize(("levels", "may_be_scores"), [(7, False), (8, True)])
def test_many_values_beside_two_classes_may_be_scores(levels, may_be_scores):
    values = np.arange(levels).reshape(1, 1, levels)
    report = diagnose(y_true=values > levels // 2, y_pred=values, num_classes=2)
    assert ("if they are scores" in found(report, RULE).help) == may_be_scores
