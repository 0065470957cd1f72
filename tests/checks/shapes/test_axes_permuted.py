import numpy as np
import pytest
from build import after, diagnose, errors, found, layout_of, mean_iou, names
from field.arrays import draw_masks, predict

from iou_doctor.arrays.layout import Relation, find_axis_order

RULE = "axes-permuted"
MASKS = draw_masks((1, 28, 28, 28), 3)
GOOD = predict(MASKS, 3)


@pytest.mark.parametrize(
    ("true", "pred", "order"),
    [
        ((4, 5, 6), (6, 5, 4), (2, 1, 0)),
        ((4, 5, 6), (5, 4, 6), (1, 0, 2)),
        ((4, 5, 6), (6, 4, 5), (1, 2, 0)),
        ((4, 4, 6), (6, 4, 4), (2, 1, 0)),
        ((4, 5, 6), (4, 5, 6), None),
        ((4, 5, 6), (4, 5, 7), None),
        ((4, 5), (5, 4), None),
        ((4, 5, 6), (6, 5), None),
        ((None, 5, 6), (6, 5, None), None),
    ],
)
def test_an_order_of_axes_is_found_by_the_sizes(true, pred, order):
    assert find_axis_order(true, pred) == order


def test_volumes_of_permuted_sizes_have_no_sample_axis():
    layout = layout_of(y_true=np.zeros((4, 5, 6)), y_pred=np.zeros((6, 5, 4)))
    assert (layout.y_true.letters, layout.y_pred.letters) == ("DHW", "DHW")
    assert layout.relation is Relation.PERMUTED
    assert layout.axis_order == (2, 1, 0)


def test_swapped_height_and_width_are_those_of_samples():
    layout = layout_of(y_true=np.zeros((4, 5, 6)), y_pred=np.zeros((4, 6, 5)))
    assert layout.relation is Relation.SWAPPED
    assert layout.axis_order is None


@pytest.mark.parametrize("samples", [1, 2])
def test_cubes_with_a_leading_axis(samples):
    masks = draw_masks((samples, 28, 28, 28), 3)
    good = predict(masks, 3)
    report = diagnose(y_true=masks, y_pred=good.transpose(0, 2, 1, 3), num_classes=3)
    assert errors(report) == [RULE]
    assert found(report, RULE).help == "predictions = predictions.transpose(0, 2, 1, 3)"
    assert after(report, RULE) == pytest.approx(mean_iou(masks, good, 3))


def test_slices_that_are_transposed_in_place_are_left_to_the_rule_about_them():
    report = diagnose(y_true=MASKS[0], y_pred=GOOD[0].transpose(0, 2, 1), num_classes=3)
    assert errors(report) == ["height-width-swapped"]


def test_slices_that_are_transposed_and_reversed_are_not():
    report = diagnose(y_true=MASKS[0], y_pred=GOOD[0].transpose(0, 2, 1)[::-1], num_classes=3)
    assert errors(report) == [RULE]
    assert after(report, RULE) == pytest.approx(mean_iou(MASKS[0], GOOD[0], 3))


def test_sizes_that_no_order_explains_are_another_fault():
    report = diagnose(y_true=MASKS[0], y_pred=GOOD[0][:-1].transpose(2, 1, 0), num_classes=3)
    assert RULE not in names(report)
    assert "shape-mismatch" in names(report)
