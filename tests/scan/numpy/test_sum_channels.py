"""Sums of scores: exact in any split, near float64, whatever the values are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scan.arrays import axes_of, pair_of, score_maps

from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.counts.channel_sums import SATURATION, ChannelSums, Quantity, SumsRequest
from iou_doctor.scan import windows
from iou_doctor.scan.numpy.sum_channels import sum_channels
from iou_doctor.scan.scan import scan

quick = settings(max_examples=80)
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(1, 4))


@np.errstate(over="ignore")  # as in the scan
def summed(y_true, y_pred, samples=None, **options):
    return sum_channels(
        y_true=y_true,
        y_pred=y_pred,
        samples=np.arange(len(y_true)) if samples is None else samples,
        threshold=0.5,
        one_channel=options.pop("one_channel", False),
        **options,
    )


@st.composite
def scored(draw, elements=None):
    """Masks, as class ids or as channels, and scores of shape (n, pixels, channels)."""
    n, pixels, channels = draw(SHAPES)
    dense = draw(st.booleans())
    ids = hnp.arrays("i8", (n, pixels), elements=st.integers(-1, channels))
    values = hnp.arrays("f4", (n, pixels, channels), elements=st.floats(-2, 2, width=32))
    scores = (
        score_maps((n, pixels, channels)) if elements is None else elements(n, pixels, channels)
    )
    return draw(values if dense else ids), draw(scores)


@quick
@given(scored(), st.randoms(use_true_random=False))
def test_any_split_by_images_or_pixels_adds_up_to_the_whole_bit_for_bit(case, random):
    y_true, y_pred = case
    whole = summed(y_true, y_pred)
    parts = []
    for start, stop in cuts(len(y_true), random):
        for first, last in cuts(y_true.shape[1], random):
            images, pixels = slice(start, stop), slice(first, last)
            part = y_true[images, pixels], y_pred[images, pixels]
            parts.append(summed(*part, samples=np.arange(start, stop)))
    random.shuffle(parts)
    assert ChannelSums.merge(parts) == whole
    middle = random.randint(0, len(parts))
    halves = [ChannelSums.merge(parts[:middle]), ChannelSums.merge(parts[middle:])]
    assert ChannelSums.merge([half for half in halves if half is not None]) == whole


def cuts(length, random):
    places = sorted({0, length, random.randint(0, length), random.randint(0, length)})
    return list(pairwise(places))


@quick
@given(
    scored(
        lambda n, pixels, channels: hnp.arrays(
            "f8", (n, pixels, channels), elements=st.floats(-1000, 1000)
        )
    )
)
def test_sums_are_those_of_float64(case):
    y_true, y_pred = case
    channels = y_pred.shape[-1]
    truth = (y_true[..., None] == np.arange(channels)) if y_true.ndim == 2 else y_true
    truth = truth.astype(np.float64)
    above = y_pred.astype(np.float32) > np.float32(0.5)
    expected = {
        Quantity.TRUTH: truth,
        Quantity.SCORE: y_pred,
        Quantity.PRODUCT: truth * y_pred,
        Quantity.TRUTH_SQUARED: truth**2,
        Quantity.SCORE_SQUARED: y_pred**2,
        Quantity.NON_ZERO: y_pred != 0,
        Quantity.TRUTH_NON_ZERO: truth * (y_pred != 0),
        Quantity.ABOVE: above,
        Quantity.TRUTH_ABOVE: truth * above,
    }
    assert expected.keys() == set(Quantity)
    sums = summed(y_true, y_pred)
    for quantity, values in expected.items():
        # squares of 1000 are held to their last bit, 1e-10, by float64 as well
        np.testing.assert_allclose(
            sums.compute_total(quantity), values.sum(axis=1), rtol=1e-12, atol=1e-9
        )


def test_large_values_saturate_and_stay_exact():
    y_true = np.ones((1, 3, 1))
    sums = summed(y_true, np.array([[[1e30], [-1e30], [SATURATION + 1.0]]]))
    assert sums.compute_total(Quantity.SCORE) == SATURATION
    assert sums.compute_total(Quantity.SCORE_SQUARED) == 3 * SATURATION**2


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_one_score_that_is_no_number_spoils_its_image_and_channel_only(odd):
    y_pred = np.full((2, 3, 2), 0.75)
    y_pred[1, 2, 0] = odd
    sums = summed(np.zeros((2, 3), int), y_pred)
    assert sums.not_finite.tolist() == [[0, 0], [1, 0]]
    for quantity in (Quantity.SCORE, Quantity.PRODUCT, Quantity.SCORE_SQUARED):
        assert np.isnan(sums.compute_total(quantity)).tolist() == [[False, False], [True, False]]
    assert sums.compute_total(Quantity.TRUTH).tolist() == [[3, 0], [3, 0]]
    assert sums.compute_total(Quantity.ABOVE)[1].tolist() == [3 if odd == np.inf else 2, 3]
    assert sums.compute_total(Quantity.NON_ZERO).tolist() == [[3, 3], [3, 3]]


def test_a_mask_that_is_no_number_adds_nothing():
    sums = summed(np.array([[[1.0], [np.nan]]]), np.ones((1, 2, 1)))
    assert sums.compute_total(Quantity.TRUTH) == sums.compute_total(Quantity.SCORE) == 1
    assert sums.compute_total(Quantity.NON_ZERO) == 1


def test_the_ignored_class_leaves_the_count_of_scores_that_are_not_zero_and_nothing_else():
    y_true, y_pred = np.array([[0, 1, 1]]), np.full((1, 3, 2), 0.25)
    sums, whole = summed(y_true, y_pred, ignore_index=1), summed(y_true, y_pred)
    assert sums.compute_total(Quantity.NON_ZERO).tolist() == [[1, 1]]
    assert (
        sums.compute_total(Quantity.SCORE).tolist() == whole.compute_total(Quantity.SCORE).tolist()
    )
    one_hot = summed(np.eye(2)[y_true], y_pred, ignore_index=1)
    assert one_hot == sums
    assert summed(y_true, y_pred, ignore_index=255) == whole


def test_sums_of_nothing():
    assert ChannelSums.merge([]) is None


@pytest.mark.parametrize("window", [1, 7, 64, 10**6])
def test_windows_of_the_scan_change_no_bit(monkeypatch, window):
    rng = np.random.default_rng(1)
    y_true = rng.integers(0, 3, (4, 5, 6))
    y_pred = rng.random((4, 5, 6, 3)).astype(np.float32)
    layout = Layout(axes_of(y_true, "NHW"), axes_of(y_pred, "NHWC"), Relation.EQUAL)
    monkeypatch.setattr(windows, "WINDOW_VALUES", window)
    monkeypatch.setattr("iou_doctor.scan.scan.PARTS", 3)
    stats = scan(
        pair_of(y_true=y_true, y_pred=y_pred),
        layout,
        pairings=(),
        threshold=0.5,
        sums=SumsRequest(ignore_index=None),
    )
    assert stats.sums == summed(y_true.reshape(4, -1), y_pred.reshape(4, -1, 3))
