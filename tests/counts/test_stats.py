"""The nouns of the pass: merging, places, and the codes for pixels without a class."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.counts.label_decoding import (
    NAIVE_LIMIT,
    NO_CLASS,
    VALUE_LIMIT,
    LabelDecoding,
    Pairing,
    decode_no_class,
    encode_no_class,
    is_no_class,
)
from iou_doctor.counts.pair_columns import LONG
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import Place, ValueCounts

PAIRING = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS)
OTHER = Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX)


def table(*rows):
    """Return the table of rows (image, truth, prediction, count)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return PairCounts.from_rows(
        image=columns[0], truth=columns[1], prediction=columns[2], count=columns[3]
    )


def content(pairs):
    columns = (pairs.image, pairs.truth, pairs.prediction, pairs.count)
    return list(zip(*(column.tolist() for column in columns), strict=True))


ROW = st.tuples(
    st.integers(0, 2), st.integers(-1, 2), st.sampled_from([0, 1, NO_CLASS]), st.integers(1, 9)
)


def test_equal_rows_are_added_and_all_rows_sorted():
    pairs = table((1, 0, 0, 2), (0, 5, 1, 1), (1, 0, 0, 3), (0, -1, 7, 4))
    assert content(pairs) == [(0, -1, 7, 4), (0, 5, 1, 1), (1, 0, 0, 5)]


def test_a_merge_keeps_both_sides():
    assert content(table((0, 1, 1, 2)) + table((0, 1, 1, 3), (4, 0, 0, 1))) == [
        (0, 1, 1, 5),
        (4, 0, 0, 1),
    ]


@settings(max_examples=60)
@given(st.lists(st.lists(ROW, max_size=5), min_size=1, max_size=4))
def test_tables_add_up_in_any_grouping(parts):
    whole = table(*(row for part in parts for row in part))
    tables = [table(*part) for part in parts]
    assert PairCounts.merge(tables) == whole
    assert PairCounts.merge(reversed(tables)) == whole
    assert sum(tables, PairCounts.merge([])) == whole
    assert whole.total == sum(row[3] for part in parts for row in part)


WIDER = st.tuples(
    st.integers(0, 9),
    st.sampled_from([-1, 0, 200, 300, 70_000, NO_CLASS]),
    st.sampled_from([0, 255, 2**15, 2**31]),
    st.sampled_from([1, 255, 256, 2**16, 2**40]),
)


@settings(max_examples=60)
@given(st.lists(st.lists(WIDER, max_size=9), min_size=1, max_size=4), st.integers(1, 5))
def test_how_a_table_is_stored_changes_nothing_that_it_says(parts, few):
    plain = [table(*part) for part in parts]
    whole = PairCounts.merge(plain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iou_doctor.counts.pair_columns.LONG", few)
        patch.setattr("iou_doctor.counts.pair_counts.BLOCK", few)
        long = PairCounts.merge([part + table() for part in plain])
        assert long == PairCounts.merge([table(*part) for part in parts]) == whole
        assert content(long) == content(whole)
        assert content(long.pool()) == content(table(*((0, *row[1:]) for row in content(whole))))
        assert (long.total, long.truth_span) == (whole.total, whole.truth_span)
        assert content(long.relabel(truth=np.abs)) == content(whole.relabel(truth=np.abs))
        assert content(long.drop_truth(-1)) == [row for row in content(whole) if row[1] != -1]
        assert content(long.select_images(2, 5)) == [
            row for row in content(whole) if 2 <= row[0] < 5
        ]
        for column in (long.image, long.truth, long.prediction, long.count):
            assert column.dtype == np.int64


@settings(max_examples=60)
@given(st.lists(WIDER, max_size=30), st.integers(1, 7))
def test_blocks_hold_whole_images_and_about_as_many_rows_as_asked_for(rows, size):
    pairs = table(*rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iou_doctor.counts.pair_counts.BLOCK", size)
        blocks = list(pairs.iterate_blocks())
    assert [row for block in blocks for row in content(block)] == content(pairs)
    assert all(one.image_span[1] < other.image_span[0] for one, other in pairwise(blocks))
    for block in blocks:
        assert len(block) <= size or block.image_span[0] == block.image_span[1]


def test_a_batch_may_be_larger_than_what_few_bytes_hold():
    image = np.repeat(np.arange(200), LONG // 100)
    pairs = PairCounts(image, image % 7, image % 5, np.ones_like(image))
    assert pairs._columns["image"].dtype == np.uint8
    assert set(pairs.group_into_batches(512).image.tolist()) == {0}
    assert pairs.group_into_batches(3).image_span == (0, 66)


def test_a_long_table_takes_few_bytes():
    rows = LONG
    image = np.arange(rows) // 4
    label = np.tile([0, 1, 2, 3], rows // 4)
    pairs = PairCounts(image, label, label, np.full(rows, 64))
    stored = {name: str(column.dtype) for name, column in pairs._columns.items()}
    narrow = {"image": "uint16", "truth": "uint8", "prediction": "uint8", "count": "uint8"}
    assert stored == narrow
    short = PairCounts(image[4:], label[4:], label[4:], np.full(rows - 4, 64))
    assert {column.dtype for column in short._columns.values()} == {np.dtype("int64")}
    assert (pairs + pairs.replace(image=image + 2**16))._columns["image"].dtype == np.int32


@settings(max_examples=60)
@given(
    st.lists(st.lists(ROW, max_size=5), min_size=1, max_size=4),
    st.sampled_from([slice(None), slice(1, None), slice(0)]),
)
def test_what_parts_know_of_their_sums_the_whole_knows_too(parts, known):
    tables = [table(*rows) for rows in parts]
    for part in tables[known]:
        part.pool()
    whole, alone = PairCounts.merge(tables), table(*(row for rows in parts for row in rows))
    assert content(whole.pool()) == content(alone.pool())
    assert whole.total == alone.total
    assert whole.truth_span == alone.truth_span
    assert whole.prediction_span == alone.prediction_span


def test_parts_that_know_their_sums_spare_the_whole_from_adding_up(monkeypatch):
    parts = [table((image, 0, 0, 2), (image, 1, 0, 3)) for image in range(2)]
    for part in parts:
        part.pool()
    whole = PairCounts.merge(parts)
    monkeypatch.setattr(PairCounts, "_compute_pool", lambda _: pytest.fail("added up again"))
    assert content(whole.pool()) == [(0, 0, 0, 4), (0, 1, 0, 6)]


def test_starts_are_the_first_rows_of_images_and_of_their_labels():
    pairs = table((2, 1, 0, 1), (2, 1, 1, 1), (2, 3, 0, 1), (5, 3, 0, 1))
    assert pairs.image_starts.tolist() == [0, 3]
    assert pairs.truth_starts.tolist() == [0, 2, 3]
    assert table().image_starts.tolist() == table().truth_starts.tolist() == []


def test_a_label_that_does_not_occur_leaves_nothing_out():
    pairs = table((0, 1, 0, 1), (0, 3, 0, 1))
    assert pairs.drop_truth(255) is pairs
    assert pairs.drop_truth(2) is pairs
    assert content(pairs.drop_truth(3)) == [(0, 1, 0, 1)]


def test_counts_beyond_32_bits_stay_exact():
    pairs = table((0, 0, 0, 2**62), (0, 0, 0, 2**61))
    assert pairs.total == 2**62 + 2**61
    assert pairs.count_truths() == {0: 2**62 + 2**61}


def test_tables_of_different_content_are_unequal():
    assert table((0, 1, 1, 2)) != table((0, 1, 1, 3))
    assert table((0, 1, 1, 2)) != table((0, 1, 2, 2))
    assert table((0, 1, 1, 2)) != table((1, 1, 1, 2))


def test_marginal_counts_are_in_order_of_value():
    pairs = table((0, 2, 0, 1), (0, -1, 0, 2), (1, 2, 1, 3))
    assert list(pairs.count_truths().items()) == [(-1, 2), (2, 4)]
    assert list(pairs.count_predictions().items()) == [(0, 3), (1, 3)]
    pairs.count_truths().clear()
    assert pairs.count_truths()


@pytest.mark.parametrize("naive", [0, 1, -1, 254, NAIVE_LIMIT, -NAIVE_LIMIT])
def test_a_code_of_no_class_carries_the_naive_answer(naive):
    code = encode_no_class(np.array([naive]))
    assert is_no_class(code).all()
    assert is_no_class(int(code[0]))
    assert decode_no_class(code).tolist() == [naive]


@pytest.mark.parametrize("label", [0, -1, 255, VALUE_LIMIT, -VALUE_LIMIT])
def test_a_label_is_no_code(label):
    assert not is_no_class(np.array([label])).any()
    assert decode_no_class(np.array([label])).tolist() == [label]


def test_extremes_merge_by_minimum_and_maximum_and_counts_by_sum():
    one = ValueCounts(values=3, minimum=0.0, maximum=2.0, nan=1, minimum_sum=0.5, maximum_sum=1.0)
    other = ValueCounts(values=2, minimum=-1.0, maximum=1.0, nan=0)
    both = ValueCounts(values=5, minimum=-1.0, maximum=2.0, nan=1, minimum_sum=0.5, maximum_sum=1.0)
    assert one + other == other + one == both


def test_the_earlier_place_is_kept():
    early, late = Place(0, (2, 1), (0.5,)), Place(1, (0, 0), (0.25,))
    one, other = ValueCounts(first_fractional=late), ValueCounts(first_fractional=early)
    assert (one + other).first_fractional == (other + one).first_fractional == early
    assert (one + ValueCounts()).first_fractional == late


def test_stats_with_different_pairings_keep_all_of_them():
    one = Stats(1, {PAIRING: table((0, 1, 1, 2))}, ValueCounts(values=2), ValueCounts())
    other = Stats(2, {OTHER: table((1, 0, 0, 1))}, ValueCounts(values=1), ValueCounts())
    both = one + other
    assert both.samples == 3
    assert set(both.tables) == {PAIRING, OTHER}
    assert both.y_true.values == 3
    assert content(both.tables[OTHER]) == [(1, 0, 0, 1)]
