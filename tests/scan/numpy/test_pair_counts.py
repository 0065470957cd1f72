"""The table of pairs: every pixel counted once, under its own two labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scan.arrays import (
    LABELS,
    axes_of,
    counted_one_by_one,
    label_maps,
    pair_of,
    rows,
    stats_of,
)

from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.counts.label_decoding import (
    VALUE_LIMIT,
    LabelDecoding,
    Pairing,
    is_no_class,
)
from iou_doctor.errors import ReadingError
from iou_doctor.scan.numpy import decode_labels, pair_counts
from iou_doctor.scan.numpy.pair_counts import count_pairs, is_sorting_fast
from iou_doctor.scan.scan import scan

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))
TWO = [[[0, 1], [2, 2]]]


def saturated(array):
    """Return labels as Python counts them, but for those beyond any label map."""
    return np.array(
        [min(max(int(v), -VALUE_LIMIT), VALUE_LIMIT) for v in array.ravel()], dtype=object
    ).reshape(array.shape)


@settings(max_examples=150)
@given(SHAPES.flatmap(lambda shape: st.tuples(label_maps(shape), label_maps(shape))))
def test_any_two_integer_dtypes_are_counted_as_a_loop_over_the_pixels_counts(maps):
    y_true, y_pred = maps
    table = stats_of(y_true, y_pred).tables[LABELS]
    assert rows(table) == counted_one_by_one(saturated(y_true), saturated(y_pred))
    assert table.total == y_true.size


@settings(max_examples=40)
@given(
    hnp.arrays("i8", (2, 9), elements=st.integers(-3, 3) | st.just(2**20)),
    hnp.arrays("i8", (2, 9), elements=st.integers(-3, 3) | st.just(-(2**40))),
)
def test_sorting_and_dense_counting_give_the_same_table(y_true, y_pred):
    samples = np.array([4, 7])
    dense = count_pairs(y_true=y_true, y_pred=y_pred, samples=samples)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_counts, "DENSE_CELLS", 0)
        assert count_pairs(y_true=y_true, y_pred=y_pred, samples=samples) == dense


@pytest.mark.parametrize("is_fast", [True, False])
@settings(max_examples=80)
@given(
    SHAPES.flatmap(lambda shape: st.tuples(label_maps(shape), label_maps(shape))),
    st.sampled_from([0, -1, 100, -(2**31), 2**40]),
)
def test_sorting_and_counting_one_by_one_give_the_same_table(is_fast, maps, shift):
    y_true, y_pred = (saturated(labels).astype("i8").reshape(len(labels), -1) for labels in maps)
    y_true = y_true % 200 + shift
    samples = np.arange(len(y_true)) + 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_counts, "is_sorting_fast", lambda: is_fast)
        table = count_pairs(y_true=y_true, y_pred=y_pred, samples=samples)
        bytes_ = (y_pred % 256).astype("u1")
        narrow = count_pairs(y_true=y_true, y_pred=bytes_, samples=samples)
    expected = counted_one_by_one(y_true, y_pred).items()
    assert rows(table) == {(image + 3, *labels): count for (image, *labels), count in expected}
    expected = counted_one_by_one(y_true, bytes_).items()
    assert rows(narrow) == {(image + 3, *labels): count for (image, *labels), count in expected}


def test_whether_sorting_is_fast_is_found_out_once():
    is_sorting_fast.cache_clear()
    assert is_sorting_fast() == is_sorting_fast()
    assert is_sorting_fast.cache_info().misses == 1


def test_rows_are_sorted_by_image_then_truth_then_prediction():
    table = stats_of([[[2, 0]], [[1, 0]]], [[[0, 1]], [[1, 0]]]).tables[LABELS]
    assert list(rows(table).items()) == [
        ((0, 0, 1), 1),
        ((0, 2, 0), 1),
        ((1, 0, 0), 1),
        ((1, 1, 1), 1),
    ]


@pytest.mark.parametrize(
    ("dtype", "value", "counted_as"),
    [
        ("i2", 255, 255),
        ("i2", 256, 256),
        ("u2", 511, 511),
        ("i4", -1, -1),
        ("i8", 2**63 - 1, VALUE_LIMIT),
        ("i8", -(2**63), -VALUE_LIMIT),
        ("u8", 2**64 - 1, VALUE_LIMIT),
        ("u8", 2**63, VALUE_LIMIT),
        ("u4", 2**32 - 1, 2**32 - 1),
        ("i4", -(2**31), -(2**31)),
        ("i8", 2**32 + 1, 2**32 + 1),
        ("f8", 2.0**40, VALUE_LIMIT),
        ("f4", 2.0**32, 2**32),
    ],
)
def test_a_huge_value_is_no_class_of_its_own_low_bits(dtype, value, counted_as):
    y_true = np.array([[[1, value]]], dtype=dtype)
    table = stats_of(y_true, [[[1, 1]]]).tables[LABELS]
    assert table.count_truths() == {1: 1, counted_as: 1}


@pytest.mark.parametrize("late", [256, -1, 2**41])
def test_a_label_that_fits_no_byte_is_found_after_many_that_do(monkeypatch, late):
    monkeypatch.setattr(decode_labels, "TILE", 2)
    y_true = np.array([[[1, 2, 3, 4, late]], [[1, 2, 3, 4, 5]]])
    table = stats_of(y_true, y_true).tables[LABELS]
    assert rows(table) == counted_one_by_one(saturated(y_true), saturated(y_true))


@pytest.mark.parametrize(("dtype", "value"), [("f8", 1e300), ("f4", -3e38), ("f8", 2.0**63)])
def test_a_float_larger_than_any_label_is_no_class(dtype, value):
    y_true = np.array([[[1, value]]], dtype=dtype)
    first, second = stats_of(y_true, [[[1, 1]]]).tables[LABELS].count_truths()
    assert is_no_class(first)
    assert second == 1


def test_bool_masks_and_predictions_are_classes_0_and_1():
    y_true = np.array([[[True, False, True]]])
    table = stats_of(y_true, ~y_true).tables[LABELS]
    assert rows(table) == {(0, 0, 1): 1, (0, 1, 0): 2}


@pytest.mark.reference
@settings(max_examples=40)
@given(st.integers(2, 6), st.data())
def test_the_table_is_scikit_learns_confusion_matrix(classes, data):
    metrics = pytest.importorskip("sklearn.metrics")
    ids = hnp.arrays("u1", (2, 3, 5), elements=st.integers(0, classes - 1))
    y_true, y_pred = data.draw(ids), data.draw(ids)
    matrix = metrics.confusion_matrix(y_true.ravel(), y_pred.ravel(), labels=range(classes))
    table = stats_of(y_true, y_pred).tables[LABELS].pool()
    ours = np.zeros((classes, classes), np.int64)
    ours[table.truth, table.prediction] = table.count
    assert ours.tolist() == matrix.tolist()


@settings(max_examples=40)
@given(
    hnp.arrays("i2", (3, 2, 4), elements=st.integers(-2, 4)),
    st.lists(st.integers(-1, 3), min_size=7, max_size=7),
)
def test_relabelling_the_table_is_relabelling_the_pixels(y_true, names):
    y_pred = y_true[::-1, :, ::-1].copy()
    mapping = np.array(names)

    def rename(labels):
        return mapping[labels + 2]

    table = stats_of(y_true, y_pred).tables[LABELS]
    both = table.relabel(truth=rename, prediction=rename)
    assert both == stats_of(rename(y_true), rename(y_pred)).tables[LABELS]
    assert table.relabel(truth=rename) == stats_of(rename(y_true), y_pred).tables[LABELS]
    assert table.relabel(prediction=rename) == stats_of(y_true, rename(y_pred)).tables[LABELS]


def test_pooling_books_all_images_under_the_first():
    table = stats_of([[[0, 1]], [[0, 1]]], [[[0, 0]], [[0, 1]]]).tables[LABELS].pool()
    assert rows(table) == {(0, 0, 0): 2, (0, 1, 0): 1, (0, 1, 1): 1}


def test_more_pairs_than_label_maps_can_have_are_refused(monkeypatch):
    monkeypatch.setattr("iou_doctor.counts.pair_counts.TABLE_LIMIT", 3)
    monkeypatch.setattr("iou_doctor.counts.pair_counts.ROWS_PER_IMAGE", 3)
    y_true = np.arange(0, 4000, 1000).reshape(1, 2, 2)
    with pytest.raises(ReadingError, match="not a label map"):
        stats_of(y_true, y_true)


class ImagesOfTwoSizes:
    """A source whose images differ in size."""

    path, format, dtype, chunk_shape = "images", "images", np.dtype("u1"), (1, 1, 1)
    shape, is_sequential, names = (2, None, None), False, ("a", "b")

    def __init__(self, images):
        self._images = [np.array(image, np.uint8) for image in images]

    def get_sample_shape(self, index):
        return self._images[index].shape

    def read(self, window):
        (index,) = range(*window[0].indices(2))
        return self._images[index][window[1], window[2]][np.newaxis]


def test_images_of_different_sizes_are_counted_one_by_one(monkeypatch):
    monkeypatch.setattr("iou_doctor.scan.windows.WINDOW_VALUES", 2)
    truth = ImagesOfTwoSizes([[[0, 1], [1, 1], [0, 0]], [[1, 0, 2]]])
    pred = ImagesOfTwoSizes([[[0, 1], [1, 0], [0, 0]], [[1, 0, 0]]])
    pair = pair_of(y_true=[0], y_pred=[0])
    pair = type(pair)(y_true=truth, y_pred=pred)
    axes = axes_of(np.zeros((2, 1, 1)), "NHW")
    axes = type(axes)((2, None, None), axes.has_sample_axis, axes.spatial, axes.channel)
    stats = scan(pair, Layout(axes, axes, Relation.EQUAL), pairings=[LABELS], threshold=0.5)
    assert stats.samples == 2
    assert rows(stats.tables[LABELS]) == {
        (0, 0, 0): 3,
        (0, 1, 0): 1,
        (0, 1, 1): 2,
        (1, 0, 0): 1,
        (1, 1, 1): 1,
        (1, 2, 0): 1,
    }
    left_out = Layout(axes, axes, Relation.EQUAL, mismatched=(0,))
    stats = scan(pair, left_out, pairings=[LABELS], threshold=0.5)
    assert set(stats.tables[LABELS].image.tolist()) == {1}


def test_a_flat_pairing_pairs_values_in_the_order_stored():
    flat = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True)
    y_true = np.array([[[1, 2, 3], [4, 5, 6]]])
    y_pred = np.array([[[1, 2], [3, 4], [5, 6]]])
    table = stats_of(y_true, y_pred, pairings=[flat]).tables[flat]
    assert rows(table) == {(0, label, label): 1 for label in range(1, 7)}
