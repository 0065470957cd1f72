from dataclasses import replace

import numpy as np
import pytest

from iou_doctor.checks.ramps import Ramps, count_strays_at_edges, find_ramps, measure_ramps

CLEAR = Ramps(
    edges=1000,
    between=240,
    beyond=20,
    outside=140,
    agreeing=51,
    bend=120.0,
    labels=(1, 2),
    pairs=3,
)


def test_ramps_at_the_limits_are_clear():
    assert CLEAR.are_clear
    assert replace(CLEAR, edges=840, between=60, outside=43, agreeing=15, bend=36.9).are_clear


@pytest.mark.parametrize(
    "change",
    [
        {"between": 59, "outside": 0, "agreeing": 0, "bend": 0.0},
        {"outside": 141},
        {"agreeing": 52},
        {"bend": 120.1},
        {"labels": (1,)},
        {"pairs": 2},
        {"edges": 2737},
    ],
)
def test_beyond_each_limit_they_are_not(change):
    assert not replace(CLEAR, **change).are_clear


def steps(between):
    """Return stripes of 0, 9, 3, 9 … ten pixels wide, with lines of another label between them."""
    stripes = np.repeat(np.array([0, 9, 3, 8, 1, 7], np.int32), 10)
    maps = np.tile(stripes, (60, 1))
    if between:
        maps[:, 10::10] = [4, 6, 5, 4, 4]
    return maps


def test_lines_between_two_labels_are_ramps():
    found = find_ramps([steps(between=True)], [steps(between=False)])
    assert found is not None
    assert found.labels == (4, 5, 6)
    assert found.between == 300
    assert found.outside == 0
    assert found.pairs == 5


def test_lines_that_both_arrays_hold_are_classes():
    assert find_ramps([steps(between=True)], [steps(between=True)]) is None


def test_sharp_edges_have_no_ramps():
    assert measure_ramps([steps(between=False)], [steps(between=False)], ()).between == 0


def test_no_maps_have_no_ramps():
    assert measure_ramps([], [], ()) == Ramps(0, 0, 0, 0, 0, 0.0, (), 0)


def test_strays_that_line_a_region_have_no_inside():
    maps = np.zeros((20, 20), np.int32)
    maps[:, 10] = 40
    assert count_strays_at_edges([maps], [40]) == (20, 20)
    maps[5:10, 2:7] = 40
    assert count_strays_at_edges([maps], [40]) == (45, 36)
