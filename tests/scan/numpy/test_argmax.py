"""The class of each pixel and the counts of pixels, against the plainest NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scan.arrays import assert_same_stats, label_maps, score_maps, stats_of

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, is_no_class
from iou_doctor.scan.numpy import tiles
from iou_doctor.scan.numpy.argmax import argmax_and_count

BOTH = (Pairing(LabelDecoding.ARGMAX, LabelDecoding.ARGMAX),)


@settings(max_examples=60)
@given(st.data(), st.integers(2, 12), st.integers(1, 60))
def test_the_size_of_tiles_changes_nothing(data, channels, size):
    shape = (2, 3, 4, channels)
    y_true = data.draw(label_maps(shape) | score_maps(shape))
    y_pred = data.draw(score_maps(shape) | hnp.arrays("f4", shape, elements=st.floats(0, 1)))
    letters = {"true": "NHWC", "pred": "NHWC", "pairings": BOTH}
    whole = stats_of(y_true, y_pred, **letters)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILE_VALUES", size)
        assert_same_stats(stats_of(y_true, y_pred, **letters), whole)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1"])
@pytest.mark.parametrize("channels", [2, 7, 8, 9, 21, 40, 130])
@pytest.mark.parametrize("pixels", [1, 2, 3, 9, 8193])
def test_channels_are_added_in_their_order_in_float64(channels, pixels, dtype):
    random = np.random.default_rng(channels * pixels)
    scores = random.random((1, pixels, channels)) * 10.0 ** random.integers(-4, 4, channels)
    scores = scores.astype(dtype)
    _, counts = argmax_and_count(scores)
    sums = np.cumsum(scores.astype(np.float64), axis=-1)[..., -1]
    assert (counts.minimum_sum, counts.maximum_sum) == (sums.min(), sums.max())
    assert counts.sum_off == (np.abs(sums - 1) > 0.02).sum()


@pytest.mark.parametrize("channels", [2, 127, 128, 255, 256, 300])
def test_classes_and_ties_of_any_number_of_channels_are_told_apart(channels):
    scores = np.tile(np.eye(channels, dtype="f4"), (2, 1, 1))
    ids, counts = argmax_and_count(scores)
    assert ids.tolist() == [list(range(channels))] * 2
    assert (counts.one_hot, counts.ties, counts.all_zero) == (2 * channels, 0, 0)
    ids, counts = argmax_and_count(np.ones((1, 2, channels), "f4"))
    assert ids.tolist() == [[0, 0]]
    assert (counts.one_hot, counts.ties) == (0, 2)
    ids, counts = argmax_and_count(np.zeros((1, 2, channels), "u1"))
    assert is_no_class(ids).all()
    assert (counts.all_zero, counts.ties) == (2, 2)


def test_a_pixel_without_a_class_leaves_the_others_theirs():
    scores = np.array([[[0.1, 0.9], [0.0, 0.0], [np.nan, 1.0], [-1.0, -0.0], [0.7, 0.3]]])
    ids, counts = argmax_and_count(scores)
    assert is_no_class(ids).tolist() == [[False, True, True, False, False]]
    assert ids[0, [0, 3, 4]].tolist() == [1, 1, 0]
    assert counts.all_zero == 1


def test_no_pixels_have_no_extremes():
    ids, counts = argmax_and_count(np.zeros((2, 0, 3), "f4"))
    assert ids.shape == (2, 0)
    assert (counts.minimum_sum, counts.minimum_top) == (None, None)
