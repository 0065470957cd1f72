"""From stored values to labels: which pixels have a class, and which one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scan.arrays import rows, score_maps, stats_of

from iou_doctor.counts.label_decoding import (
    LabelDecoding,
    Pairing,
    decode_no_class,
    is_no_class,
)

NAIVE_FAR = -(2**31)
NO = "no class"


def labels_of(values, decoding, *, letters="NL", flat=False, threshold=0.5):
    """Return the derived labels in order, with `NO` for no class, and what a metric reads."""
    values = np.asarray(values)
    truth = np.arange(values.shape[0] * values.shape[1]).reshape(values.shape[:2])
    pairing = Pairing(LabelDecoding.LABELS, decoding, flat)
    stats = stats_of(
        truth, values, true="NL", pred=letters, pairings=[pairing], threshold=threshold
    )
    derived = {true: pred for (_, true, pred), _ in rows(stats.tables[pairing]).items()}
    ordered = [derived[index] for index in sorted(derived)]
    ours = [NO if is_no_class(label) else label for label in ordered]
    return ours, decode_no_class(np.array(ordered)).tolist()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_whole_floats_are_labels_and_all_others_are_no_class(dtype):
    values = np.array([[0, 1, 2, 0.5, 1.75, -0.5, -1.0, 255, np.nan, np.inf, -np.inf]], dtype)
    ours, naive = labels_of(values, LabelDecoding.LABELS)
    assert ours == [0, 1, 2, NO, NO, NO, -1, 255, NO, NO, NO]
    assert naive == [0, 1, 2, 0, 1, 0, -1, 255, NAIVE_FAR, NAIVE_FAR, NAIVE_FAR]


def test_one_fraction_does_not_move_the_other_labels():
    assert labels_of([[3.0, 2.0]], LabelDecoding.LABELS)[0] == [3, 2]
    assert labels_of([[3.0, 2.0, 0.1]], LabelDecoding.LABELS)[0] == [3, 2, NO]


def test_a_cast_to_integer_truncates_toward_zero():
    values = [[0.99, 1.7, 2.99, -0.99, -1.7]]
    ours, naive = labels_of(values, LabelDecoding.LABELS, flat=True)
    assert ours == naive == [0, 1, 2, 0, -1]


def test_all_fractions_far_apart_are_counted():
    ours, naive = labels_of([[0.5, np.nan, 70000.5, 2.0**30 + 0.5]], LabelDecoding.LABELS)
    assert ours == [NO, NO, NO, NO]
    assert naive == [0, NAIVE_FAR, 70000, 2**30]


@pytest.mark.parametrize(
    ("channels", "ours", "naive"),
    [
        ([0.2, 0.7, 0.1], 1, 1),
        ([0.5, 0.5, 0.0], 0, 0),
        ([0.0, 0.5, 0.5], 1, 1),
        ([-3.0, -1.0, -1.0], 1, 1),
        ([-1.0, 0.0, 0.0], 1, 1),
        ([0.0, 0.0, 0.0], NO, 0),
        ([np.nan, 0.2, 0.7], NO, 2),
        ([0.2, np.nan, 0.1], NO, 0),
        ([np.nan, np.nan, np.nan], NO, 0),
        ([0.0, np.inf, np.inf], 1, 1),
        ([-np.inf, -np.inf, -np.inf], 0, 0),
        # Keras sorts -0.0 below 0.0
        ([-0.0, 0.0, -1.0], 1, 1),
        ([-0.0, -0.0, 0.0], NO, 2),
    ],
)
def test_the_first_largest_channel_wins(channels, ours, naive):
    for dtype in ("f2", "f4", "f8"):
        values = np.array([[channels]], dtype)
        assert labels_of(values, LabelDecoding.ARGMAX, letters="NLC") == ([ours], [naive]), dtype
        flat = labels_of(values, LabelDecoding.ARGMAX_LAST, letters="NLC", flat=True)
        assert flat == ([naive], [naive]), dtype


@pytest.mark.parametrize("dtype", ["bool", "i1", "u1", "i8", "u8"])
def test_one_hot_masks_of_any_dtype_give_their_class(dtype):
    values = np.array([[[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 1]]], dtype)
    ours, naive = labels_of(values, LabelDecoding.ARGMAX, letters="NLC")
    assert ours == [2, 0, NO, 1]
    assert naive == [2, 0, 0, 1]


@settings(max_examples=60)
@given(st.integers(2, 20).flatmap(lambda channels: score_maps((2, 4, channels))))
def test_argmax_of_the_doctor_and_of_a_flattening_metric_answer_alike(values):
    _, naive = labels_of(values, LabelDecoding.ARGMAX, letters="NLC")
    _, flat = labels_of(values, LabelDecoding.ARGMAX_LAST, letters="NLC", flat=True)
    assert naive == flat


@settings(max_examples=60)
@given(hnp.arrays("f4", (2, 3, 5), elements=st.floats(-2, 2, width=32)))
def test_argmax_is_numpys_where_every_value_is_finite_and_not_zero(values):
    values[values == 0] = 1
    ours, _ = labels_of(values, LabelDecoding.ARGMAX, letters="NLC")
    assert ours == values.argmax(axis=-1).ravel().tolist()


def below(value):
    return float(np.nextafter(np.float32(value), np.float32(-10)))


def above(value):
    return float(np.nextafter(np.float32(value), np.float32(10)))


@pytest.mark.parametrize("threshold", [0.25, 0.3, 0.5, 0.7, 1.0])
def test_bins_tell_below_at_and_above_zero_and_the_threshold(threshold):
    # 3 * compare(value, 0) + compare(value, threshold), and 9 more above 1
    cut = float(np.float32(threshold))
    values = np.array([[-1.0, 0.0, -0.0, below(cut), cut, above(cut), np.inf, -np.inf]], "f4")
    ours, naive = labels_of(values, LabelDecoding.BINS, threshold=threshold)
    top = 17 if threshold == 1 else 8
    assert ours == naive == [0, 3, 3, 6, 7, top, 17, 0]


def test_bins_compare_in_float32_as_keras_does():
    # 0.3 in float64 lies below 0.3 in float32, but is equal to it once cast
    assert labels_of(np.array([[0.3]]), LabelDecoding.BINS, threshold=0.3)[0] == [7]
    assert labels_of(np.array([[0.5 - 1e-12]]), LabelDecoding.BINS, threshold=0.5)[0] == [7]


def test_nan_is_in_no_bin_and_reads_as_below():
    assert labels_of([[np.nan, 0.7]], LabelDecoding.BINS) == ([NO, 8], [0, 8])


def test_times_255_undoes_a_division_by_255():
    values = (np.arange(256, dtype=np.float32) / 255)[np.newaxis]
    pairing = Pairing(LabelDecoding.TIMES_255, LabelDecoding.LABELS)
    stats = stats_of(values, np.arange(256)[np.newaxis], true="NL", pred="NL", pairings=[pairing])
    assert rows(stats.tables[pairing]) == {(0, label, label): 1 for label in range(256)}


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_tenths_count_the_thresholds_that_a_score_reaches(dtype):
    values = np.array([[-1, 0, 0.05, 0.25, 0.5, 0.95, 1, 7, np.nan, np.inf, -np.inf]], dtype)
    ours, _ = labels_of(values, LabelDecoding.TENTHS)
    assert ours == [0, 0, 0, 2, 5, 9, 9, 9, NO, 9, 0]


def test_a_score_on_a_tenth_reaches_it_in_float32():
    tenths = np.arange(1, 10, dtype=np.float64)[None] / 10
    below = np.nextafter(tenths.astype(np.float32), np.float32(0))
    assert labels_of(tenths, LabelDecoding.TENTHS)[0] == list(range(1, 10))
    assert labels_of(tenths.astype(np.float32), LabelDecoding.TENTHS)[0] == list(range(1, 10))
    assert labels_of(below, LabelDecoding.TENTHS)[0] == list(range(9))


def test_channels_above_the_threshold_are_bits():
    scores = [[[0.4, 0.6, 0.9], [0.5, np.nan, 0.2], [0.7, 0.7, 0.7]]]
    ours, _ = labels_of(np.array(scores, np.float32), LabelDecoding.CHANNELS, letters="NLC")
    assert ours == [6, 0, 7]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_largest_channel_counts_only_above_the_threshold(dtype):
    scores = [[[0.4, 0.6, 0.9], [0.5, 0.5, 0.2], [0.7, 0.7, 0.1], [0.9, np.nan, 0.1]]]
    ours, _ = labels_of(np.array(scores, dtype), LabelDecoding.ARGMAX_ABOVE, letters="NLC")
    assert ours == [2, NO, 0, NO]
