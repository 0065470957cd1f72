"""Counts of kinds and regions are those of each image, and parts add up to the whole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.counts import kind_counts
from iou_doctor.counts.error_kinds import Kind
from iou_doctor.counts.kind_counts import KindCounts, RegionCounts
from iou_doctor.counts.label_changes import LabelChanges
from iou_doctor.counts.label_decoding import encode_no_class, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.scan.count_kinds import count_kinds
from iou_doctor.scan.error_kinds import find_error_kinds

VOID = 3


def draw_maps(seed: int, images: int = 5, side: int = 60):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 4, (images, side // 10, side // 10)).repeat(10, 1).repeat(10, 2)
    y_pred = np.where(rng.random(y_true.shape) < 0.1, rng.integers(0, 3, y_true.shape), y_true)
    return y_true.astype(np.uint8), np.roll(y_pred, 1, 2).astype(np.uint8)


def assert_same(one: KindCounts, other: KindCounts):
    assert one.pairs == other.pairs
    assert one.widths == other.widths
    for own, theirs in zip(one.regions.columns, other.regions.columns, strict=True):
        np.testing.assert_array_equal(own, theirs)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 5), max_size=3))
def test_parts_add_up_to_the_whole(seed, cuts):
    maps = draw_maps(seed)
    whole = count_kinds(np.arange(5), *maps)
    edges = [0, *sorted(cuts), 5]
    parts = [
        count_kinds(np.arange(first, last), *(side[first:last] for side in maps))
        for first, last in pairwise(edges)
        if first < last
    ]
    assert_same(KindCounts.merge(parts[::-1]), whole)


@pytest.mark.parametrize("dense", [2**7, 2])
def test_rows_are_the_wrong_pixels_of_each_image(monkeypatch, dense):
    monkeypatch.setattr(kind_counts, "DENSE_LABELS", dense)
    y_true, y_pred = draw_maps(0)
    found = count_kinds(np.array([7, 8, 9, 10, 12]), y_true, y_pred)
    rows = zip(*(found.pairs.image, found.pairs.truth, found.prediction, found.code), strict=True)
    expected = {}
    for image, truth, prediction in zip([7, 8, 9, 10, 12], y_true, y_pred, strict=True):
        codes = find_error_kinds(truth, prediction).codes
        for place in np.argwhere(codes):
            key = (image, truth[*place], prediction[*place], codes[*place])
            expected[key] = expected.get(key, 0) + 1
    counted = dict(zip(map(tuple, np.array(list(rows)).tolist()), found.pairs.count, strict=True))
    assert counted == expected
    assert int((y_true != y_pred).sum()) == found.pairs.total


def test_regions_are_those_of_the_truth():
    y_true = np.zeros((1, 4, 9), dtype=np.uint8)
    y_true[0, :2, :2] = y_true[0, 3, 3] = y_true[0, 2:, 6:8] = 1
    y_pred = y_true.copy()
    y_pred[0, :2, :2], y_pred[0, 2, 6] = 0, 0
    found = count_kinds(np.arange(1), y_true, y_pred).regions
    rows = {tuple(row) for row in np.stack(found.columns, axis=1).tolist()}
    assert rows == {(0, 27, 1, 27, 0), (1, 1, 1, 1, 0), (1, 4, 2, 3, 1)}
    nothing = RegionCounts.merge([])
    assert [len(column) for column in nothing.columns] == [0] * 5
    assert KindCounts.merge([]) is None


def test_arrays_that_are_no_images_have_none():
    flat = np.zeros((2, 30), dtype=np.uint8)
    assert count_kinds(np.arange(2), flat, flat) is None
    assert count_kinds(np.arange(2), flat.reshape(2, 5, 6), flat).widths == (0, 0)
    assert count_kinds(np.arange(2), flat.reshape(2, 5, 6), flat[:, :9]) is None


def test_pixels_without_a_class_are_no_region():
    nothing = int(encode_no_class(np.zeros(1))[0])
    y_true = np.array([[[0, 0, nothing, 1]]])
    y_pred = np.array([[[nothing, 0, 0, nothing]]])
    found = count_kinds(np.arange(1), y_true, y_pred)
    assert found.prediction.tolist() == [kind_counts.NO_CLASS] * 2
    assert found.pairs.truth.tolist() == [0, 1]
    assert (found.code & 3).tolist() == [Kind.EXTENT, Kind.SEGMENT]
    assert found.regions.label.tolist() == [0, 1]


def relabel(pairs: PairCounts) -> PairCounts:
    """Make 5 of the truth 1, drop 255, and bring predictions to half."""
    return pairs.drop_truth(255).relabel(
        truth=lambda labels: np.where(labels == 5, 1, labels),
        prediction=lambda labels: labels // 2,
    )


def make_table(rows) -> PairCounts:
    truth, prediction = (np.array(column) for column in zip(*rows, strict=True))
    image = np.zeros_like(truth)
    return PairCounts.from_rows(
        image=image, truth=truth, prediction=prediction, count=np.ones_like(image)
    )


def test_changes_are_what_a_function_does_to_single_labels():
    table = make_table([(0, 0), (5, 2), (255, 1)])
    changes = LabelChanges.of(relabel, table, exchanges_sides=False)
    assert changes == LabelChanges(((0, 0), (5, 1), (255, None)), ((0, 0), (1, 0), (2, 1)))
    y_true, y_pred = changes.apply(np.array([0, 5, 255, 9]), np.array([2, 1, 0, 9]))
    assert y_true[:2].tolist() == [0, 1]
    assert is_no_class(y_true[2:]).all()
    assert y_pred[:3].tolist() == [1, 0, 0]


def test_changes_may_exchange_the_sides():
    table = make_table([(0, 4), (1, 6)])
    changes = LabelChanges.of(lambda pairs: pairs.swap_sides(), table, exchanges_sides=True)
    y_true, y_pred = changes.apply(np.array([0, 1]), np.array([6, 4]))
    assert (y_true.tolist(), y_pred.tolist()) == ([6, 4], [0, 1])


@pytest.mark.parametrize(
    "change",
    [
        lambda pairs: pairs.relabel(truth=lambda labels: labels + np.arange(len(labels))),
        lambda _: make_table([(0, 0)]).replace(image=np.array([99])),
    ],
)
def test_changes_that_are_not_of_single_labels_are_unknown(change):
    table = make_table([(0, 0), (1, 1), (2, 1)])
    assert LabelChanges.of(change, table, exchanges_sides=False) is None
    assert LabelChanges.of(relabel, PairCounts.merge([]), exchanges_sides=False) is None
