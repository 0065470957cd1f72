"""Tests of the search for the places of objects in volumes, and of its margins."""

from __future__ import annotations

import numpy as np
import pytest

from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.orientations import IDENTITY
from iou_doctor.checks.volume_places import (
    LEAST_OBJECT_SCORE,
    MOST_OBJECT_SCORE,
    SAME_PLACE,
    Places,
    compare_places,
    do_objects_miss,
)
from iou_doctor.checks.volumes import Volumes


def stack_boxes(*corners, size=4, sizes=(12, 14, 16)):
    """Return a volume with a cube in the mask and one in the prediction, at these corners."""
    sides = np.zeros((2, 1, *sizes), np.uint8)
    for side, corner in zip(sides, corners, strict=True):
        side[0][tuple(slice(at, at + size) for at in corner)] = 1
    return Stack(np.zeros(1, np.int64), sides[0], sides[1], 2, (0, 1))


def test_every_shift_is_scored():
    maps = stack_boxes((1, 2, 3), (4, 7, 3))
    scores = compare_places(Volumes(maps, (12, 14, 16), has_slices=False), IDENTITY).turned
    assert scores.max() == scores[-3, -5, 0] == 1
    assert scores[0, 0, 0] == 0
    assert scores[-3, -5, 1] == pytest.approx(3 / 5)


def place(*, turned=0.8, turned_best=0.8, given_best=0.8, near=0.0):
    """Return scores of shifts with these values: without a shift, at best, and near by."""
    scores = np.zeros((2, 48, 48, 48))
    scores[0, 0, 0, 0], scores[0, 9, 9, 9] = turned, turned_best
    scores[1, 20, 20, 20], scores[1, -3, 0, 2] = given_best, near
    return Places(scores[0], scores[1], (3, 3, 3), 64.0)


@pytest.mark.parametrize(
    ("scores", "restored"),
    [
        ({}, True),
        ({"turned": LEAST_OBJECT_SCORE - 0.01}, False),
        ({"turned": LEAST_OBJECT_SCORE + 0.01}, True),
        ({"given_best": 0.8 + SAME_PLACE + 0.01}, False),
        ({"given_best": 0.8 + SAME_PLACE - 0.01}, True),
        ({"near": 0.8 - SAME_PLACE + 0.01}, False),
        ({"near": 0.8 - SAME_PLACE - 0.01}, True),
    ],
)
def test_objects_are_restored_unless_a_shift_explains_them_as_well(scores, restored):
    assert place(**scores).are_restored == restored


def test_chance_grows_with_the_number_of_turns_and_of_places_that_fit():
    assert place().measure_chance(1) == pytest.approx(2 / 20**3)
    assert place(turned_best=0.9).measure_chance(7) == pytest.approx(2 * 7 / 20**3)
    assert place(turned_best=0.7).measure_chance(7) == pytest.approx(7 / 20**3)


@pytest.mark.parametrize(("by", "miss"), [(1, False), (2, False), (3, True)])
def test_objects_miss_each_other_if_they_hardly_overlap(by, miss):
    shared = (4 - by) / (4 + by)
    assert (shared <= MOST_OBJECT_SCORE) == miss
    assert do_objects_miss(stack_boxes((1, 2, 3), (1 + by, 2, 3))) == miss
