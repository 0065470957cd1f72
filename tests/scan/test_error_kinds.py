"""The kinds of errors are those of Bernhard et al., in images and in volumes.

Their own program was run beside ours on CamVid's 30 validation images and on 120 generated scenes,
with things of one pixel, void along contours, things at the border and absent classes. All of 1.3
million kinds that both give are equal, but for one cause: if the ignored label is smaller than the
number of classes that occur in an image, their program compares it with positions in its list of
these classes, and boundary errors of the class at that position need not touch anything.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scan.slow_kinds import find_slowly

from iou_doctor.counts.error_kinds import Kind, choose_width
from iou_doctor.scan.count_kinds import count_kinds
from iou_doctor.scan.error_kinds import TooManyLabelsError, find_error_kinds

VOID = 3
SHAPES = st.one_of(
    array_shapes(min_dims=2, max_dims=2, max_side=7),
    array_shapes(min_dims=3, max_dims=3, max_side=4),
)


@st.composite
def draw_pairs(draw):
    """Draw masks, and predictions that are the masks apart from some pixels and a shift."""
    shape = draw(SHAPES)
    y_true = draw(arrays(np.uint8, shape, elements=st.integers(0, VOID), fill=st.just(0)))
    other = draw(arrays(np.uint8, shape, elements=st.integers(0, 2), fill=st.just(0)))
    copied = draw(arrays(np.bool_, shape, fill=st.booleans()))
    y_pred = np.where(copied, np.roll(y_true, draw(st.integers(0, 2)), -1), other)
    return y_true, y_pred, draw(st.integers(0, 3))


@settings(max_examples=60)
@given(draw_pairs())
def test_they_are_those_of_the_plain_definition(drawn):
    y_true, y_pred, width = drawn
    void = y_true == VOID
    found = find_error_kinds(y_true, y_pred, void=void, width=width)
    missed, alarms = find_slowly(y_true, y_pred, void, width)
    assert np.array_equal(found.missed, missed)
    assert np.array_equal(found.false_alarms, alarms)
    wrong = (y_true != y_pred) & ~void
    assert np.array_equal(found.missed > 0, wrong)
    assert np.array_equal(found.false_alarms > 0, wrong)


def draw_disk(side=100, centre=(50, 50), radius=20):
    rows, columns = np.ogrid[:side, :side]
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    return inside.astype(np.uint8)


def test_an_edge_a_part_and_a_whole_thing_are_told_apart():
    thing, other = draw_disk(radius=20), draw_disk(centre=(10, 10), radius=4)
    edge = find_error_kinds(thing, draw_disk(radius=19))
    assert set(edge.missed.ravel()) == {Kind.NONE, Kind.BOUNDARY}
    assert set(edge.false_alarms.ravel()) == {Kind.NONE, Kind.BOUNDARY}
    half = thing.copy()
    half[:, 50:] = 0
    part = find_error_kinds(thing, half)
    assert part.missed[50, 60] == part.false_alarms[50, 60] == Kind.EXTENT
    whole = find_error_kinds(thing | other, thing)
    assert set(whole.missed[other > 0]) == {Kind.SEGMENT}
    assert set(whole.false_alarms[other > 0]) == {Kind.EXTENT}  # the background was found


def test_the_width_is_1_percent_of_the_diagonal():
    assert choose_width((512, 512)) == 7
    assert choose_width((180, 240)) == 3
    assert choose_width((128, 128, 128)) == 2
    assert choose_width((20, 20)) == 0


def test_more_labels_than_classes_are_refused_at_once():
    numbers = np.arange(2**16).reshape(256, 256)
    with pytest.raises(TooManyLabelsError, match="65,536 labels are too many"):
        find_error_kinds(numbers, numbers.T)
    assert count_kinds(np.arange(1), numbers[None], numbers.T[None]) is None
    assert find_error_kinds(numbers[:250], numbers[:250] + 1).codes.all()


def test_maps_of_other_shapes_have_no_kinds():
    with pytest.raises(ValueError, match=r"shapes \(4, 4\) and \(4, 5\) have no kinds"):
        find_error_kinds(np.zeros((4, 4), int), np.zeros((4, 5), int))
    with pytest.raises(ValueError, match="have no kinds"):
        find_error_kinds(np.zeros(4, int), np.zeros(4, int))
