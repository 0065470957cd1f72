import numpy as np
import pytest
from build import diagnose, found, names, noisy, scene
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.checks.labels._overlaps import Overlaps
from iou_doctor.checks.labels._recoding import fit_line

T = scene(1, samples=6, height=32, width=48, classes=5)
P = noisy(T, 2, classes=5)
RECODED = "recoded-class-ids"


def recode(ids, labels):
    return np.array(ids)[labels]


@given(
    step=st.integers(1, 300),
    offset=st.integers(-500, 500),
    ids=st.sets(st.integers(0, 150), min_size=3),
)
def test_a_line_through_three_ids_or_more_is_found(step, offset, ids):
    assert fit_line({step * new + offset: new for new in ids}) == (step, offset)


def test_two_ids_are_on_a_line_by_chance():
    assert fit_line({0: 0, 38: 1}) is None
    assert fit_line({0: 0, 38: 1, 76: 2}) == (38, 0)


@pytest.mark.parametrize("table", [{0: 0, 38: 1, 75: 2}, {0: 2, 1: 1, 2: 0}, {0: 1, 5: 0, 9: 1}])
def test_ids_on_no_line(table):
    assert fit_line(table) is None


def test_three_multiples_are_enough_for_a_formula():
    # the fourth class has no clear partner, and the formula gives it one
    weak = np.where((P == 2) & (np.random.default_rng(4).random(P.shape) < 0.8), 0, P)
    weak = np.where((P == 1) & (np.random.default_rng(5).random(P.shape) < 0.8), 4, weak)
    report = diagnose(y_true=9 * T.astype(int), y_pred=weak, num_classes=5)
    assert found(report, RECODED).facts["mapping"] == {"9": 1, "18": 2, "27": 3, "36": 4}


@pytest.mark.parametrize("label", [255, -1, -9999, 65_535])
def test_a_single_void_label_is_no_class_by_another_name(label):
    report = diagnose(y_true=recode([0, 1, label, 3, 4], T), y_pred=P, num_classes=5)
    assert RECODED not in names(report)


def test_a_single_id_needs_another_array_without_gaps():
    masks, predictions = recode([0, 1, 3, 4, 9], T), recode([0, 1, 3, 4, 6], P)
    assert RECODED not in names(diagnose(y_true=masks, y_pred=predictions))
    masks, predictions = recode([0, 1, 2, 3, 9], T), P
    assert RECODED in names(diagnose(y_true=masks, y_pred=predictions))


def test_ids_that_differ_in_one_array_only_by_a_missing_class_are_permuted():
    masks = np.where(T == 3, 0, T)
    report = diagnose(y_true=masks, y_pred=recode([0, 2, 1, 3, 4], P), num_classes=5)
    assert RECODED not in names(report)
    assert "permuted-classes" in names(report)


@pytest.mark.parametrize(("shared", "moves"), [(51, {7: 1}), (50, {})])
def test_a_clear_move_takes_most_pixels_of_both_ids(shared, moves):
    pixels = np.array([[100, 100 - shared], [100 - shared, shared]])
    overlaps = Overlaps(np.array([0, 7]), np.array([0, 1]), pixels)
    assert overlaps.moves == moves


@pytest.mark.parametrize(("pixels", "moves"), [(20, {7: 1}), (19, {})])
def test_a_move_needs_twenty_pixels(pixels, moves):
    overlaps = Overlaps(np.array([0, 7]), np.array([0, 1]), np.array([[900, 0], [0, pixels]]))
    assert overlaps.moves == moves
