"""The kernels equal the NumPy reference, bit for bit, and threads change nothing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan.arrays import (
    FLOATS,
    INTEGERS,
    SCORES,
    assert_same_stats,
    label_maps,
    layout_of,
    pair_of,
    score_maps,
)

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.native import count_labels as tables
from iou_doctor.scan.native import library
from iou_doctor.scan.native.count_labels import Scratch, count_labels, encode_labels
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.measure_scores import measure_scores
from iou_doctor.scan.numpy.pair_counts import count_pairs
from iou_doctor.scan.numpy.values import GRID_TOLERANCE
from iou_doctor.scan.scan import scan

BEST = library.load_kernels()
if BEST is None:
    pytest.skip(library.describe_kernels(), allow_module_level=True)
VARIANTS = [Kernels(BEST.library, name) for name in library._list_variants(BEST.library)]
"""Every variant that this processor can run."""
LABELS = (Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS),)
DENSE = (Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX),)
quick = settings(max_examples=60)


def scan_by(kernels, y_true, y_pred, letters, pairings, *, jobs=1):
    """Return the Stats by a variant of the kernels, or by NumPy for `None`."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("scan", "batch_plan"):
            patch.setattr(f"iou_doctor.scan.{module}.load_kernels", lambda: kernels)
        return scan(
            pair_of(y_true=y_true, y_pred=y_pred),
            layout_of(y_true, y_pred, pred=letters),
            pairings=pairings,
            threshold=0.5,
            jobs=jobs,
        )


def assert_all_equal(y_true, y_pred, letters, pairings):
    """Compare the Stats by each variant with those by NumPy."""
    reference = scan_by(None, y_true, y_pred, letters, pairings)
    for kernels in VARIANTS:
        assert_same_stats(scan_by(kernels, y_true, y_pred, letters, pairings), reference)


@quick
@given(st.data(), st.integers(1, 5), st.integers(1, 40))
def test_labels_of_any_two_dtypes_are_counted_as_the_reference_counts_them(data, n, width):
    shape = (n, 2, width)
    y_true, y_pred = data.draw(label_maps(shape)), data.draw(label_maps(shape))
    assert_all_equal(y_true, y_pred, "NHW", LABELS)


def count(y_true, y_pred, kernels=BEST):
    """Return what the kernels make of labels, shape (n, *spatial)."""
    true, pred = map(encode_labels, (y_true, y_pred))
    samples = np.arange(len(y_true))
    return count_labels(kernels, y_true=true, y_pred=pred, samples=samples, scratch=Scratch())


@pytest.mark.parametrize("dtype", INTEGERS)
def test_labels_of_each_dtype_are_counted_by_the_kernels(dtype):
    low = np.iinfo(dtype).min if dtype in ("i1", "i2") else 0
    labels = (np.arange(2 * 24 * 16).reshape(2, 24, 16) % 23 + low).astype(dtype)
    table, _ = count(labels, labels)
    flat = labels.reshape(2, -1)
    flat = flat.view(np.uint8) if dtype == "bool" else flat
    assert table == count_pairs(y_true=flat, y_pred=flat, samples=np.arange(2))


@pytest.mark.parametrize("top", [2, 255])
@pytest.mark.parametrize("size", [1, 7, 8, 64])
def test_small_images_with_far_labels_are_count(size, top):
    labels = np.zeros((50, 1, size), np.uint8)
    labels[::3, :, -1] = top
    assert_all_equal(labels, labels[::-1], "NHW", LABELS)


@pytest.mark.parametrize("shape", [(3, 64, 65), (5, 65, 67), (2, 90, 91)])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i8"])
def test_large_images_are_counted_wherever_they_begin_in_memory(shape, dtype):
    size = np.prod(shape)
    for shift in [(0, 0), (3, 3), (0, 5), (7, 1)]:
        random = np.random.default_rng(sum(shape) + sum(shift))
        sides = []
        for begin in shift:
            memory = random.integers(0, 100, size + 8).astype(dtype)
            sides.append(memory[begin : begin + size].reshape(shape))
        assert_all_equal(*sides, "NHW", LABELS)


def test_labels_that_only_late_images_have_are_counted_in_order():
    random = np.random.default_rng(3)
    tops = np.array([1, 1, 3, 200, 2, 255])[:, None, None]
    y_true = (random.random((6, 70, 70)) * (tops + 1)).astype("u1")
    y_pred = np.where(random.random(y_true.shape) < 0.5, y_true, 255 - y_true)
    assert_all_equal(y_true, y_pred, "NHW", LABELS)
    signed = y_true.astype("i2") - 100
    assert_all_equal(signed, signed[::-1], "NHW", LABELS)


@pytest.mark.parametrize("kernels", VARIANTS, ids=lambda kernels: kernels.variant)
@pytest.mark.parametrize("dtype", ["u2", "i2", "u4", "i4", "u8", "i8"])
def test_wide_labels_are_counted_whatever_their_number_and_place(dtype, kernels):
    lows = [0, 7, 250, *([-3] if dtype[0] == "i" else [])]
    for size, low, first in product([1, 31, 32, 63, 64, 65, 1000, 4097], lows, [0, 5]):
        labels = (np.arange(first + size) % 200 + low).astype(dtype)
        some = labels[first:].reshape(1, 1, -1)
        table, (measured, _) = count(some, some[..., ::-1], kernels)
        flat = some.reshape(1, -1)
        expected = count_pairs(y_true=flat, y_pred=flat[:, ::-1], samples=np.arange(1))
        assert table == expected, (size, low, first)
        assert (measured.minimum, measured.maximum) == (some.min(), some.max())


@quick
@given(
    st.integers(1, 300) | st.sampled_from([64, 65, 127, 128, 129, 4096, 4097, 9000]),
    st.integers(1, 400),
    st.integers(1, 256),
    st.integers(0, 2**16),
)
def test_pairs_are_counted_however_long_their_runs_are(pixels, longest, codes, seed):
    random = np.random.default_rng(seed)
    sides = [
        np.repeat(random.integers(0, codes, pixels), random.integers(1, longest + 1, pixels))
        for _ in "ab"
    ]
    y_true, y_pred = (side[:pixels].astype("u1").reshape(1, -1) for side in sides)
    expected = count_pairs(y_true=y_true, y_pred=y_pred, samples=np.arange(1))
    for kernels in VARIANTS:
        found = count(y_true[:, None], y_pred[:, None], kernels)
        if found is None:  # an image with far more possible pairs than pixels
            assert len(np.unique(y_true)) * len(np.unique(y_pred)) > pixels
        else:
            assert found[0] == expected, kernels.variant


def test_more_rows_than_there_is_room_for_are_counted_in_turns(monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 100)
    y_true = np.random.default_rng(4).integers(0, 9, (7, 8, 8)).astype("u1")
    assert_all_equal(y_true, y_true[::-1], "NHW", LABELS)


def dense_arrays(shape, dtype):
    """Return scores as they come (softmax, logits, one-hot, void) with some odd values."""
    odd = score_maps(shape, (dtype,))
    usual = st.sampled_from(["softmax", "logits", "one-hot", "255", "constant"])

    @st.composite
    def made(draw):
        kind, seed = draw(usual), draw(st.integers(0, 2**16))
        random = np.random.default_rng(seed)
        values = random.normal(size=shape) * 3
        if kind == "softmax":
            values = np.exp(values) / np.exp(values).sum(-1, keepdims=True)
        if kind == "one-hot":
            values = np.eye(shape[-1])[random.integers(0, shape[-1], shape[:-1])]
            values *= random.random((*shape[:-1], 1)) < 0.9
        if kind == "255":
            values = random.integers(0, 256, shape) / 255
        if kind == "constant":
            values = np.zeros(shape) - random.integers(0, 2, shape) * 0.0
        values = values.astype(dtype)
        places = draw(st.lists(st.integers(0, values.size - 1), max_size=3))
        values.reshape(-1)[places] = draw(st.sampled_from((*SCORES, 1e-7, -1e-7)))
        return values

    return odd | made()


@settings(max_examples=200)
@given(
    st.data(),
    st.sampled_from(FLOATS),
    st.integers(2, 23),
    st.sampled_from([(1, 8, 8), (2, 8, 16), (3, 5, 7), (1, 1, 200)]),
    st.booleans(),
)
def test_scores_are_counted_as_the_reference_counts_them(data, dtype, channels, shape, first):
    y_pred = data.draw(dense_arrays((*shape, channels), dtype))
    y_true = np.zeros(shape, np.uint8)
    letters = "NHWC"
    if first:
        y_pred, letters = np.ascontiguousarray(np.moveaxis(y_pred, -1, 1)), "NCHW"
    assert_all_equal(y_true, y_pred, letters, DENSE)


@pytest.mark.parametrize("void", [True, False])
@pytest.mark.parametrize("channels", [128, 129, 256, 257])
def test_many_classes_are_counted(channels, void):
    y_pred = np.random.default_rng(0).random((1, 16, 16, channels)).astype("f4")
    if void:
        y_pred[0, 0, 0] = 0
    fits = channels <= (128 if void else 256)
    assert (measure_scores(BEST, y_pred) is not None) == fits
    assert_all_equal(np.zeros((1, 16, 16), "u1"), y_pred, "NHWC", DENSE)


def test_doubles_at_the_limit_of_the_8_bit_grid_are_rounded_to_single_precision_first():
    limit = np.repeat((np.arange(256) + GRID_TOLERANCE) / 255, 40)  # from the first one on: off
    steps = np.tile(np.linspace(-1e-7, 1e-7, 40), 256)
    y_pred = (limit + steps).reshape(1, 64, 40, 4)
    assert_all_equal(np.zeros((1, 64, 40), "u1"), y_pred, "NHWC", DENSE)


@pytest.mark.parametrize("kernels", VARIANTS, ids=lambda kernels: kernels.variant)
@pytest.mark.parametrize("channels", [1, 2, 16])
def test_every_float16_is_read_exactly(kernels, channels):
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)].reshape(1, 1, -1, channels)
    by_halves, by_singles = (
        measure_scores(kernels, values) for values in (finite, finite.astype(np.float32))
    )
    assert by_halves[1:] == by_singles[1:]
    np.testing.assert_array_equal(by_halves[0].labels, by_singles[0].labels)
    for odd in halves[~np.isfinite(halves)][::97]:
        some = np.zeros((1, 1, 70, channels), "f2")
        some[0, 0, 66, -1] = odd
        assert measure_scores(kernels, some) is None


@pytest.mark.parametrize("rows", [slice(0, 128), slice(32, 96), slice(1, 100)])
def test_rows_of_an_image_with_channels_first_are_read_where_they_lie(rows):
    y_pred = np.random.default_rng(1).random((1, 3, 200, 128)).astype("f4")[:, :, rows]
    y_true = np.zeros((1, *y_pred.shape[2:]), "u1")
    assert_all_equal(y_true, y_pred, "NCHW", DENSE)


@quick
@given(st.data(), st.integers(1, 4), st.integers(1, 60), st.sampled_from(["NHW", "NHWC", "NCHW"]))
def test_any_number_of_threads_gives_the_same_stats(data, jobs, window_values, letters):
    y_true = data.draw(label_maps((3, 4, 2)))
    if letters == "NHW":
        y_pred, pairings = data.draw(label_maps((3, 4, 2))), LABELS
    else:
        shape = (3, 4, 2, 3) if letters == "NHWC" else (3, 3, 4, 2)
        y_pred, pairings = data.draw(score_maps(shape)), DENSE
    whole = scan_by(None, y_true, y_pred, letters, pairings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iou_doctor.scan.windows.WINDOW_VALUES", window_values)
        patch.setattr("iou_doctor.scan.windows.WINDOWS_AT_ONCE", 2)
        patch.setattr("iou_doctor.scan.windows.WORTH_THREADS", 0)
        for kernels in (None, *VARIANTS):
            stats = scan_by(kernels, y_true, y_pred, letters, pairings, jobs=jobs)
            assert_same_stats(stats, whole)


def test_a_void_pixel_keeps_what_a_naive_argmax_answers():
    y_pred = np.zeros((1, 8, 8, 3), "f4")
    y_pred[0, 0, 0, 0] = -0.0
    y_true = np.zeros((1, 8, 8), "u1")
    assert len(scan_by(BEST, y_true, y_pred, "NHWC", DENSE).tables[DENSE[0]].prediction) == 2
    assert_all_equal(y_true, y_pred, "NHWC", DENSE)


def test_labels_that_share_their_lowest_byte_are_left_to_the_reference():
    assert count(*np.array([[[-1, 254]]] * 2, "i2")[:, None]) is not None
    assert count(*np.array([[[-1, 255]]] * 2, "i2")[:, None]) is None


@pytest.mark.parametrize("dtype", ["u8", "i8"])
def test_labels_beyond_all_limits_are_left_to_the_reference(dtype):
    labels = np.full((1, 2, 40), np.iinfo(dtype).max, dtype)
    assert count(labels, labels) is None
    assert_all_equal(labels, labels, "NHW", LABELS)


@pytest.mark.parametrize("dtypes", [("i2", "i8"), ("u4", "i4"), ("u8", "u2"), ("i8", "u1")])
def test_a_void_that_only_a_late_block_has_changes_no_label_before_it(dtypes):
    y_true = np.random.default_rng(5).integers(0, 100, (3, 70, 70)).astype(dtypes[0])
    y_pred = y_true[::-1].astype(dtypes[1])
    for side, dtype in zip((y_true, y_pred), dtypes, strict=True):
        side[1, 65:] = -1 if dtype[0] == "i" else 255
    table, _ = count(y_true, y_pred)
    flat = {"y_true": y_true.reshape(3, -1), "y_pred": y_pred.reshape(3, -1)}
    assert table == count_pairs(**flat, samples=np.arange(3))
    assert_all_equal(y_true, y_pred, "NHW", LABELS)
