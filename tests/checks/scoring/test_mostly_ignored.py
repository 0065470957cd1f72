import numpy as np
import pytest
from build import diagnose, found, names

from iou_doctor.report.finding import Severity

TRUTH = np.tile([0, 1], 500).reshape(1, 10, 100)


def ignoring(count):
    """Return the report on two classes with this number of ignored pixels of 1000."""
    masks = TRUTH.copy()
    masks.reshape(-1)[:count] = 255
    return diagnose(y_true=masks, y_pred=TRUTH, num_classes=2, ignore_index=255)


@pytest.mark.parametrize(
    ("count", "severity"), [(501, Severity.NOTE), (899, Severity.NOTE), (900, Severity.WARNING)]
)
def test_more_ignored_pixels_are_worse(count, severity):
    finding = found(ignoring(count), "mostly-ignored")
    assert finding.severity is severity
    assert finding.facts["ignored"] == count


def test_half_of_the_pixels_may_be_ignored():
    assert "mostly-ignored" not in names(ignoring(500))


@pytest.mark.parametrize(("inside", "fires"), [(80, True), (79, False)])
def test_a_class_that_is_predicted_in_ignored_pixels(inside, fires):
    masks, predictions = TRUTH.copy(), TRUTH.copy()
    masks.reshape(-1)[:200] = 255
    predictions.reshape(-1)[:inside] = 2
    predictions.reshape(-1)[200 : 300 - inside] = 2
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3, ignore_index=255)
    assert ("mostly-ignored" in names(report)) is fires
    if fires:
        assert found(report, "mostly-ignored").facts["classes_mostly_there"] == [2]


def test_an_ignored_class_is_another_rule():
    report = diagnose(y_true=TRUTH * 0, y_pred=TRUTH, num_classes=2, ignore_index=0)
    assert "mostly-ignored" not in names(report)
    assert "ignored-class-in-range" in names(report)
