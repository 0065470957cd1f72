import numpy as np
import pytest

from iou_doctor.checks.orientations import Fits, list_turns

TURNS = list_turns(2, square=True)


def find_best(gain, *, scenes=4, better=(1, 1, 1)):
    """Return the best of two turns where the second one gains this much over the first."""
    images = np.array([[0.4] * len(better), [0.4 + 0.1 * more for more in better]])
    return Fits(TURNS[:2], images, np.array([0.4, 0.4 + gain]), scenes).find_best()


def test_a_turn_must_gain_the_more_the_fewer_scenes_there_are():
    assert find_best(0.199, scenes=4) == 0
    assert find_best(0.201, scenes=4) == 1
    assert find_best(0.499, scenes=1) == 0
    assert find_best(0.501, scenes=1) == 1


def test_a_turn_must_fit_two_thirds_of_the_samples_better():
    assert find_best(0.3, better=(1, 1, -1)) == 1
    assert find_best(0.3, better=(1, -1, -1)) == 0
    assert find_best(0.3, better=(1, 1, 1, -1, -1)) == 0


def test_samples_that_fit_every_turn_alike_have_no_say():
    assert find_best(0.3, better=(1, 1, 0, 0, 0)) == 1
    assert find_best(0.3, better=(1, -1, 0, 0, 0)) == 0


@pytest.mark.parametrize(("spatial", "square", "count"), [(2, False, 4), (2, True, 8)])
def test_turns_of_pictures_are_distinct_and_keep_the_shape(spatial, square, count):
    turns = list_turns(spatial, square=square)
    shape = (2, 3, 3) if square else (2, 3, 4)
    maps = np.arange(np.prod(shape)).reshape(shape)
    turned = [turn(maps) for turn in turns]
    assert {one.shape for one in turned} == {shape}
    assert len({one.tobytes() for one in turned}) == len(turns) == count
    np.testing.assert_array_equal(turned[0], maps)


def test_volumes_have_all_flips_and_turns_of_their_slices():
    assert len(list_turns(3, square=False)) == 8
    assert len(list_turns(3, square=True)) == 11
