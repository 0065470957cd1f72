import numpy as np
from build import diagnose, errors, found, outcome, scene

from iou_doctor.report.finding import Status


def test_sizes_that_nothing_explains_are_reported_with_both_shapes():
    report = diagnose(y_true=scene(1), y_pred=scene(2)[:, :, :-1], num_classes=3)
    finding = found(report, "shape-mismatch")
    assert finding.facts == {"masks": [12, 18], "predictions": [12, 17]}
    assert finding.repair is None
    assert errors(report) == ["shape-mismatch"]
    assert report.score is None
    assert report.metric.value is None
    assert report.metric.error is not None


def test_flattened_scores_of_several_channels_are_no_other_resolution():
    report = diagnose(y_true=scene(1).ravel(), y_pred=np.zeros(3 * scene(1).size), num_classes=3)
    assert errors(report) == ["shape-mismatch"]


def test_equal_sizes_pass():
    report = diagnose(y_true=scene(1), y_pred=scene(1), num_classes=3)
    assert outcome(report, "shape-mismatch").status is Status.PASSED


def test_a_factor_and_a_swap_have_rules_of_their_own():
    small = diagnose(y_true=scene(1), y_pred=scene(1)[:, ::2, ::2], num_classes=3)
    assert errors(small) == ["resolution-mismatch"]
    swapped = diagnose(y_true=scene(1), y_pred=scene(1).swapaxes(1, 2), num_classes=3)
    assert errors(swapped) == ["height-width-swapped"]
