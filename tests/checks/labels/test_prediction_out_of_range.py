import numpy as np
import pytest
from build import after, diagnose, errors, found, names, scene, sigmoid
from help_code import run_help

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


def test_scores_saved_as_a_grey_picture_are_thresholded_in_the_middle():
    labels = scene(3, samples=3, height=32, width=40, classes=2)
    scores = (sigmoid(labels, 4) * 255).astype(np.uint8)
    report = diagnose(y_true=labels, y_pred=scores, num_classes=2)
    assert "predictions > 127" in found(report, "prediction-out-of-range").help
    assert after(report, "prediction-out-of-range") == pytest.approx(1)


def test_negative_ids_suggest_no_number_of_classes():
    report = diagnose(y_true=[[0, 1, 2, 1]], y_pred=[[0, 1, 2, -1]], num_classes=3)
    assert found(report, "prediction-out-of-range").help == "map these ids to classes"


@pytest.mark.parametrize(("levels", "is_picture"), [(31, False), (32, True)])
def test_32_grey_levels_are_a_picture_of_scores(levels, is_picture):
    grey = np.linspace(0, 255, levels).astype(np.uint8)[np.newaxis]
    report = diagnose(y_true=grey > 127, y_pred=grey, num_classes=2)
    finding = found(report, "prediction-out-of-range")
    assert (finding.repair is not None) == is_picture


def test_grey_levels_are_divided_between_127_and_128():
    grey = np.arange(256, dtype=np.uint8)[np.newaxis]
    finding = found(diagnose(y_true=grey > 127, y_pred=grey, num_classes=2), RULE)
    _, labels = run_help(finding.help, masks=grey, predictions=grey)
    np.testing.assert_array_equal(labels, grey >= 128)
    assert finding.repair.steps[0].table == {label: int(label >= 128) for label in range(256)}


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
