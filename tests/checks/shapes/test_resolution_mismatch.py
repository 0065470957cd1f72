import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, noisy, outcome, probabilities, scene

from iou_doctor.report.finding import Status

SMALL = scene(1)
LARGE = SMALL.repeat(2, axis=1).repeat(2, axis=2)


def test_half_the_size_is_resized_to_the_nearest_pixel():
    predicted = noisy(SMALL, 2)
    report = diagnose(y_true=LARGE, y_pred=predicted, num_classes=3)
    finding = found(report, "resolution-mismatch")
    assert finding.facts == {"masks": [24, 36], "predictions": [12, 18]}
    assert errors(report) == ["resolution-mismatch"]
    assert finding.repair.estimated
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(SMALL, predicted, 3))
    assert report.mean_iou is None


def test_predictions_may_be_the_larger_ones():
    report = diagnose(y_true=SMALL, y_pred=LARGE, num_classes=3)
    assert found(report, "resolution-mismatch").repair.mean_iou_after == 1.0


@pytest.mark.parametrize("axis", [-1, 1])
def test_class_scores_of_another_size_are_recognised(axis):
    dense = np.moveaxis(probabilities(SMALL, 2, classes=3), -1, axis)
    report = diagnose(y_true=LARGE, y_pred=dense, num_classes=3)
    assert found(report, "resolution-mismatch").repair.mean_iou_after == 1.0


@pytest.mark.parametrize("samples", [40, 5, 3])
@pytest.mark.parametrize("is_dense", [False, True])
def test_flattened_pixels_of_small_maps_are_no_classes_of_large_ones(samples, is_dense):
    small = scene(1, samples=samples, height=8, width=8)
    large = small.repeat(8, axis=1).repeat(8, axis=2)
    predicted = noisy(small, 2)
    right = pytest.approx(mean_iou(small, predicted, 3))
    # (40, 8, 8) has as many pixels as (40, 64, 64) without an axis
    dense = np.moveaxis(probabilities(predicted, 3, classes=3), -1, 1)
    report = diagnose(y_true=large, y_pred=dense if is_dense else predicted)
    assert found(report, "resolution-mismatch").repair.mean_iou_after == right
    if not is_dense:
        report = diagnose(y_true=predicted, y_pred=large)
        assert found(report, "resolution-mismatch").repair.mean_iou_after == right


def test_a_factor_that_is_not_whole_is_another_rule():
    report = diagnose(y_true=LARGE, y_pred=LARGE[:, :16, :24], num_classes=3)
    assert outcome(report, "resolution-mismatch").status is Status.PASSED
    assert errors(report) == ["shape-mismatch"]


def test_the_message_and_the_help_name_the_factor_and_the_size():
    smaller = found(diagnose(y_true=LARGE, y_pred=SMALL), "resolution-mismatch")
    assert smaller.message.endswith("predictions 12 × 18, 2 times smaller")
    assert smaller.help == "resize the predicted labels to (24, 36) with nearest neighbour"
    scores = probabilities(LARGE, 2, classes=3)
    larger = found(diagnose(y_true=SMALL, y_pred=scores), "resolution-mismatch")
    assert larger.message.endswith("predictions 24 × 36, 2 times larger")
    assert larger.help == "resize the class scores to (12, 18) before the argmax"
