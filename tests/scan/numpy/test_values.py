"""Extremes and counts over all values of an array, against the plainest NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scan.arrays import SCORES, assert_same_stats, label_maps, score_maps, stats_of

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.numpy import tiles

DENSE = (Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX),)


def counts_of(values, *, dense=False):
    values = np.asarray(values)
    truth = np.zeros(values.shape[:2], np.uint8)
    letters = "NLC" if dense else "NL"
    pairings = DENSE if dense else (Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS),)
    return stats_of(truth, values, true="NL", pred=letters, pairings=pairings).y_pred


def assert_values_counted(counts, values):
    one_by_one = [float(value) for value in values.ravel()]
    finite = [value for value in one_by_one if np.isfinite(value)]
    assert counts.values == len(one_by_one)
    extremes = (counts.minimum, counts.maximum)
    assert [None if value is None else float(value) for value in extremes] == [
        min(finite, default=None),
        max(finite, default=None),
    ]
    assert counts.nan == sum(np.isnan(one_by_one))
    assert counts.infinite == sum(np.isinf(one_by_one))
    assert counts.non_finite == len(one_by_one) - len(finite)
    assert counts.fractional == sum(not value.is_integer() for value in finite)
    assert counts.outside_unit == sum(value < 0 or value > 1 for value in one_by_one)
    assert counts.at_least_one == sum(value >= 1 for value in finite)


@settings(max_examples=100)
@given(score_maps((2, 5)) | label_maps((2, 5)))
def test_values_are_counted_as_a_loop_counts_them(values):
    counts = counts_of(values)
    assert_values_counted(counts, values)
    assert counts.pixels == 10
    assert counts.first.sample == 0
    assert counts.first.position == (0,)


@settings(max_examples=100)
@given(score_maps((2, 3, 5)) | hnp.arrays("f4", (2, 3, 5), elements=st.floats(0, 1, width=32)))
def test_the_size_of_tiles_changes_no_count(values):
    truth = np.zeros(values.shape, np.uint8)
    whole = stats_of(truth, values)
    for size in (1, 4, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tiles, "TILE_VALUES", size)
            assert_same_stats(stats_of(truth, values), whole)


@settings(max_examples=100)
@given(label_maps((2, 3, 5)))
def test_integers_are_measured_alike_from_their_table_and_one_by_one(values):
    truth = np.zeros(values.shape, np.uint8)
    tenths = Pairing(LabelDecoding.LABELS, LabelDecoding.TENTHS)
    counted, passed = stats_of(truth, values), stats_of(truth, values, pairings=[tenths])
    assert counted.y_pred == passed.y_pred
    swapped = Pairing(LabelDecoding.TENTHS, LabelDecoding.LABELS)
    assert stats_of(values, truth).y_true == counted.y_pred
    assert stats_of(values, truth, pairings=[swapped]).y_true == counted.y_pred


ONE_HOT_AND_ALMOST = st.sampled_from(
    [(0, 1, 0), (1, 0, 0), (0, 0, 0), (1, 1, 0), (1, -1, 1), (0.5, 0.5, 0), (0.2, 0.7, 0.1)]
)


@settings(max_examples=100)
@given(
    score_maps((2, 3, 3))
    | st.lists(ONE_HOT_AND_ALMOST, min_size=6, max_size=6).map(
        lambda pixels: np.array(pixels, "f4").reshape(2, 3, 3)
    )
    | hnp.arrays("f8", (2, 3, 3), elements=st.sampled_from((*SCORES[:6], np.nan)))
    | label_maps((2, 3, 3), ("bool", "i1", "u1", "i4"))
)
def test_pixels_are_counted_as_a_loop_counts_them(values):
    counts = counts_of(values, dense=True)
    assert_values_counted(counts, values)
    pixels = [[float(value) for value in pixel] for pixel in values.reshape(-1, 3)]
    with np.errstate(all="ignore"):
        sums = [float(np.cumsum(pixel)[-1]) for pixel in pixels]
    finite = [total for total in sums if np.isfinite(total)]
    assert counts.pixels == 6
    assert counts.sum_off == sum(not abs(total - 1) <= 0.02 for total in sums)
    assert counts.minimum_sum == min(finite, default=None)
    assert counts.maximum_sum == max(finite, default=None)
    assert counts.all_zero == sum(pixel == [0, 0, 0] for pixel in pixels)
    assert counts.one_hot == sum(sorted(pixel) == [0, 0, 1] for pixel in pixels)
    assert counts.ties == sum(
        not any(np.isnan(pixel)) and pixel.count(max(pixel)) > 1 for pixel in pixels
    )


def test_a_tie_is_counted_beside_a_nan():
    counts = counts_of([[[np.nan, 0.0], [0.5, 0.5]]], dense=True)
    assert counts.ties == 1


def test_the_first_places_name_sample_pixel_and_all_channels():
    values = np.array([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.25, np.inf]]])
    counts = counts_of(values, dense=True)
    assert (counts.first.sample, counts.first.position, counts.first.values) == (0, (0,), (1, 0))
    assert counts.first_fractional == counts.first_non_finite
    place = counts.first_fractional
    assert (place.sample, place.position, place.values) == (1, (1,), (0.25, np.inf))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_every_k_of_255_is_on_the_grid(dtype):
    values = (np.arange(256, dtype=np.float64) / 255).astype(dtype)[np.newaxis]
    assert counts_of(values).off_255_grid == 0


def test_what_is_no_k_of_255_is_off_the_grid():
    values = np.array([[0.5, 0.3, 1.0 + 1 / 255, -1 / 255, np.nan, np.inf, 1e300, 1.0, 0.0]])
    assert counts_of(values).off_255_grid == 6 + 1


def test_an_array_without_a_finite_value_has_no_extremes():
    counts = counts_of([[np.nan, np.inf]])
    assert (counts.minimum, counts.maximum) == (None, None)
    assert (counts.nan, counts.infinite, counts.outside_unit) == (1, 1, 1)
    assert counts.first_fractional is None
    assert not counts.within_unit


def test_values_just_below_what_a_second_sigmoid_leaves():
    # e / (e + 1) is 0.7311, 95 % of it 0.6945
    counts = counts_of([[0.5, 0.69, 0.70, 0.731, 0.74, np.nan]])
    assert counts.near_twice == 2


def test_pixels_just_below_what_a_second_softmax_leaves():
    # e / (e + 2) is 0.5761, 95 % of it 0.5473
    pixels = [[0.54, 0.23, 0.23], [0.2, 0.55, 0.25], [0.2119, 0.2119, 0.5761], [0.6, 0.2, 0.2]]
    counts = counts_of([pixels], dense=True)
    assert counts.near_twice == 2
    assert counts.minimum_top == 0.54


def test_the_smallest_of_the_largest_channels_leaves_out_nan():
    counts = counts_of([[[0.9, 0.1], [np.nan, 0.2], [0.3, 0.7]]], dense=True)
    assert counts.minimum_top == 0.7
    assert counts_of([[[np.nan, 0.2]]], dense=True).minimum_top is None
