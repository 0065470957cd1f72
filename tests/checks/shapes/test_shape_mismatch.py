import numpy as np
import pytest
from build import diagnose, errors, found, outcome, scene

from iou_doctor.checks.shapes.shape_mismatch import find_order, write_order_help
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


@pytest.mark.parametrize(
    ("true", "pred", "order"),
    [
        ((40, 44, 24), (24, 44, 40), (2, 1, 0)),
        ((30, 40), (40, 30), (1, 0)),
        ((40, 44, 24), (44, 24, 40), (2, 0, 1)),
        ((40, 40, 24), (24, 40, 40), None),
        ((40, 44, 24), (40, 44, 48), None),
    ],
)
def test_the_order_of_axes_follows_from_different_sizes(true, pred, order):
    assert find_order(true, pred) == order
    if order:
        assert np.zeros(pred).transpose(order).shape == true


def test_an_image_of_the_other_size_may_be_turned_or_transposed():
    assert "np.rot90" in write_order_help((1, 0))
    assert "array.transpose(2, 1, 0)" in write_order_help((2, 1, 0))
