"""The kernels equal the NumPy reference, bit for bit, and threads change nothing."""

from __future__ import annotations

import threading
from itertools import product
from types import SimpleNamespace

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

from iou_doctor.arrays.layout import Axes
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.numba import loader, tables
from iou_doctor.scan.numba.tables import Scratch, count_encoded, encode_labels, make_read_only
from iou_doctor.scan.numpy.pair_counts import count_pairs
from iou_doctor.scan.scan import scan

kernels = pytest.importorskip("iou_doctor.scan.numba.kernels")
_labels = pytest.importorskip("iou_doctor.scan.numba.kernels._labels")
_halves = pytest.importorskip("iou_doctor.scan.numba.kernels._halves")
numba = pytest.importorskip("numba")

LABELS = (Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS),)
DENSE = (Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX),)
quick = settings(deadline=None, max_examples=60)


class _Ready(loader.KernelLoader):
    """Kernels that are there at once, and count what they were used for."""

    def __init__(self):
        super().__init__()
        self.used = 0

    def get(self, layout, dtypes, pairings):
        self.used += 1
        return kernels if loader._is_supported(layout, dtypes, pairings) else None


def both(y_true, y_pred, letters, pairings, *, jobs=1):
    """Return the Stats by NumPy and by the kernels."""
    found = []
    for loaded in (loader.KernelLoader(), _Ready()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loader, "KERNELS", loaded)
            found.append(
                scan(
                    pair_of(y_true=y_true, y_pred=y_pred),
                    layout_of(y_true, y_pred, pred=letters),
                    pairings=pairings,
                    threshold=0.5,
                    jobs=jobs,
                )
            )
    return found


@quick
@given(st.data(), st.integers(1, 5), st.integers(1, 40))
def test_labels_of_any_two_dtypes_are_counted_as_the_reference_counts_them(data, n, width):
    shape = (n, 2, width)
    y_true, y_pred = data.draw(label_maps(shape)), data.draw(label_maps(shape))
    assert_same_stats(*both(y_true, y_pred, "NHW", LABELS))


def counted(y_true, y_pred):
    """Return what `count_coded` makes of labels, shape (n, *spatial)."""
    true, pred = map(encode_labels, (y_true, y_pred))
    samples = np.arange(len(y_true))
    return count_encoded(kernels, y_true=true, y_pred=pred, samples=samples, scratch=Scratch())


@pytest.mark.parametrize("dtype", INTEGERS)
def test_labels_of_each_dtype_are_counted_by_the_kernels(dtype):
    low = np.iinfo(dtype).min if dtype in ("i1", "i2") else 0
    labels = (np.arange(2 * 24 * 16).reshape(2, 24, 16) % 23 + low).astype(dtype)
    table, _ = counted(labels, labels)
    flat = labels.reshape(2, -1)
    flat = flat.view(np.uint8) if dtype == "bool" else flat
    assert table == count_pairs(y_true=flat, y_pred=flat, samples=np.arange(2))


@pytest.mark.parametrize("top", [2, 255])
@pytest.mark.parametrize("size", [1, 7, 8, 64])
def test_small_images_with_far_labels_are_counted(size, top):
    labels = np.zeros((50, 1, size), np.uint8)
    labels[::3, :, -1] = top
    assert_same_stats(*both(labels, labels[::-1], "NHW", LABELS))


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
        assert_same_stats(*both(*sides, "NHW", LABELS))


def test_labels_that_only_late_images_have_are_counted_in_order():
    random = np.random.default_rng(3)
    tops = np.array([1, 1, 3, 200, 2, 255])[:, None, None]
    y_true = (random.random((6, 70, 70)) * (tops + 1)).astype("u1")
    y_pred = np.where(random.random(y_true.shape) < 0.5, y_true, 255 - y_true)
    assert_same_stats(*both(y_true, y_pred, "NHW", LABELS))
    signed = y_true.astype("i2") - 100
    assert_same_stats(*both(signed, signed[::-1], "NHW", LABELS))


@pytest.mark.parametrize("dtype", ["u2", "i2", "u4", "i4", "u8", "i8"])
def test_wide_labels_become_bytes_whatever_their_number(dtype):
    for size, low, first in product([1, 31, 32, 33, 64, 1000, 4096], [0, 7, 250, -3], [0, 5]):
        labels = (np.arange(first + size) % 200 + low).astype(dtype)
        side = tables._make_side(kernels, encode_labels(labels), np.zeros(256, np.bool_))
        codes = np.empty(size, "u1")
        _labels.take_codes(side, first, size, codes)
        some = labels[first:]
        assert np.array_equal(codes, some.astype("u1")), (size, low, first)
        found = [bound - side.flip for bound in side.extremes.tolist()]
        assert found == [some.min(), some.max()], (size, low, first)


@quick
@given(
    st.integers(1, 4096) | st.sampled_from([64, 65, 128, 4095, 4096]),
    st.integers(1, 400),
    st.integers(1, 256),
    st.integers(0, 2**16),
)
def test_pairs_are_counted_the_same_by_runs_and_by_words(pixels, longest, codes, seed):
    random = np.random.default_rng(seed)
    codes_of = [
        np.repeat(random.integers(0, codes, pixels), random.integers(1, longest + 1, pixels))
        for _ in "ab"
    ]
    true, pred = (make_read_only(side[:pixels].astype("u1")) for side in codes_of)
    expected = np.bincount(true * np.int64(256) + pred, minlength=2**16)
    for name, count in COUNTERS.items():
        table = np.zeros(8 * _labels.STEP, np.uint32)
        count(true, pred, pixels, table)
        found = table.reshape(8, -1).sum(0)
        assert np.array_equal(found[: 2**16], expected), name


def _count_runs(true, pred, pixels, table):
    _labels.count_runs(true, pred, pixels, _labels.space()._replace(table=table))


COUNTERS = {"words": _labels.count_words} | ({"runs": _count_runs} if _labels.FINDS_RUNS else {})
"""The ways to count that this machine's processor has; the pass takes the last of them."""


def test_more_rows_than_there_is_room_for_are_counted_in_turns(monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 100)
    y_true = np.random.default_rng(4).integers(0, 9, (7, 8, 8)).astype("u1")
    assert_same_stats(*both(y_true, y_true[::-1], "NHW", LABELS))


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


@settings(deadline=None, max_examples=200)
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
    assert_same_stats(*both(y_true, y_pred, letters, DENSE))


@pytest.mark.parametrize("channels", [128, 129])
def test_many_classes_are_counted(channels):
    y_pred = np.random.default_rng(0).random((1, 16, 16, channels)).astype("f4")
    y_pred[0, 0, 0] = 0
    assert_same_stats(*both(np.zeros((1, 16, 16), "u1"), y_pred, "NHWC", DENSE))


@numba.njit
def widen_if_it_can(halves, bits):
    _halves.widen(halves, bits)


@pytest.mark.parametrize("widen", [widen_if_it_can, _halves.widen_by_bits])
def test_every_float16_is_widened_exactly(widen):
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    as_int64 = np.zeros(2**16, np.int32)
    widen(halves.view(np.int16), as_int64)
    expected = halves.astype(np.float32)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(as_int64[finite], expected.view(np.int32)[finite])
    np.testing.assert_array_equal(np.isfinite(as_int64.view(np.float32)), finite)


@pytest.mark.parametrize("rows", [slice(0, 128), slice(32, 96), slice(1, 100)])
def test_rows_of_an_image_with_channels_first_are_read_where_they_lie(rows):
    y_pred = np.random.default_rng(1).random((1, 3, 200, 128)).astype("f4")[:, :, rows]
    y_true = np.zeros((1, *y_pred.shape[2:]), "u1")
    assert_same_stats(*both(y_true, y_pred, "NCHW", DENSE))


@quick
@given(st.data(), st.integers(1, 4), st.integers(1, 60), st.sampled_from(["NHW", "NHWC", "NCHW"]))
def test_any_number_of_threads_gives_the_same_stats(data, jobs, window_values, letters):
    y_true = data.draw(label_maps((3, 4, 2)))
    if letters == "NHW":
        y_pred, pairings = data.draw(label_maps((3, 4, 2))), LABELS
    else:
        shape = (3, 4, 2, 3) if letters == "NHWC" else (3, 3, 4, 2)
        y_pred, pairings = data.draw(score_maps(shape)), DENSE
    whole = both(y_true, y_pred, letters, pairings)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iou_doctor.scan.windows.WINDOW_VALUES", window_values)
        patch.setattr("iou_doctor.scan.windows.WINDOWS_AT_ONCE", 2)
        for stats in both(y_true, y_pred, letters, pairings, jobs=jobs):
            assert_same_stats(stats, whole)


def test_kernels_that_become_ready_half_way_change_nothing(monkeypatch):
    y_true = np.random.default_rng(2).integers(0, 5, (6, 4, 4)).astype("u1")
    late = loader.KernelLoader()
    asked = iter(range(100))
    late.get = lambda *_: kernels if next(asked) > 2 else None
    whole = both(y_true, y_true[::-1], "NHW", LABELS)[0]
    monkeypatch.setattr(loader, "KERNELS", late)
    monkeypatch.setattr("iou_doctor.scan.windows.WINDOW_VALUES", 16)
    monkeypatch.setattr("iou_doctor.scan.windows.WINDOWS_AT_ONCE", 1)
    stats = scan(
        pair_of(y_true=y_true, y_pred=y_true[::-1]),
        layout_of(y_true, y_true),
        pairings=LABELS,
        threshold=0.5,
    )
    assert next(asked) == 6
    assert_same_stats(stats, whole)


@pytest.mark.parametrize(
    ("dtype", "limit"), [("u1", "BYTES_WORTH_LOADING"), ("u2", "WIDE_WORTH_LOADING")]
)
def test_kernels_are_loaded_for_large_arrays_and_the_pass_waits_for_them(monkeypatch, dtype, limit):
    loaded = loader.KernelLoader()
    y_true = np.zeros((2, 4, 4), dtype)
    layout, dtypes = layout_of(y_true, y_true), (y_true.dtype, y_true.dtype)
    monkeypatch.setattr(loader, "KERNELS", loaded)
    monkeypatch.setattr(loader, "PATIENCE", 60)
    monkeypatch.setattr(loader, limit, 33)
    pair = pair_of(y_true=y_true, y_pred=y_true)
    scan(pair, layout, pairings=LABELS, threshold=0.5)
    assert loaded.get(layout, dtypes, LABELS) is None
    monkeypatch.setattr(loader, limit, 32)
    scan(pair, layout, pairings=LABELS, threshold=0.5)
    assert loaded.get(layout, dtypes, LABELS) is kernels


@pytest.mark.parametrize("kept", [True, False])
def test_the_kernel_for_scores_is_compiled_only_where_that_pays(monkeypatch, kept):
    y_pred = np.random.default_rng(0).random((2, 8, 8, 3)).astype("f4")
    y_true = np.zeros((2, 8, 8), "u1")
    layout, dtypes = layout_of(y_true, y_pred, pred="NHWC"), (y_true.dtype, y_pred.dtype)
    monkeypatch.setattr(kernels, "is_kept", lambda kernel: kept and kernel is kernels.scores_last)
    monkeypatch.setattr(loader, "PATIENCE", 60)
    monkeypatch.setattr(loader, "WORTH_COMPILING", loader.WORTH_LOADING + 2)
    loaded = loader.KernelLoader()
    for more, ready in ((0, kept), (2, True)):
        loaded.request(layout, dtypes, DENSE, values=loader.WORTH_LOADING + more)
        assert (loaded.get(layout, dtypes, DENSE) is kernels) == ready


def test_compiled_code_is_known_to_be_kept():
    stats = SimpleNamespace(cache_path=None)
    assert not kernels.is_kept(SimpleNamespace(__name__="scores_last", stats=stats))
    y_pred = np.zeros((1, 8, 8, 3), "f4")
    both(np.zeros((1, 8, 8), "u1"), y_pred, "NHWC", DENSE)
    assert kernels.is_kept(kernels.scores_last)
    assert not kernels.is_kept(SimpleNamespace(__name__="another", stats=kernels.scores_last.stats))


def test_a_pass_does_not_wait_until_kernels_are_compiled(monkeypatch):
    done = threading.Event()
    loaded = loader.KernelLoader()
    monkeypatch.setattr(loaded, "_load", lambda *_: done.wait())
    monkeypatch.setattr(loader, "KERNELS", loaded)
    monkeypatch.setattr(loader, "PATIENCE", 0.01)
    monkeypatch.setattr(loader, "WIDE_WORTH_LOADING", 1)
    y_true = np.ones((2, 4, 4), "u2")
    pair = pair_of(y_true=y_true, y_pred=y_true)
    stats = scan(pair, layout_of(y_true, y_true), pairings=LABELS, threshold=0.5)
    done.set()
    assert stats.tables[LABELS[0]].total == 32


@pytest.mark.parametrize(
    ("letters", "dtype"),
    [("NHW", "i8"), *product(["NHWC", "NCHW", "HWC", "NLC"], ["f2", "f4"])],
)
def test_warming_up_suits_every_layout(letters, dtype):
    shape = tuple({"N": 2, "H": 70, "W": 90, "L": 80, "C": 3}[letter] for letter in letters)
    spatial = tuple(i for i, letter in enumerate(letters) if letter in "HWL")
    channel = letters.index("C") if "C" in letters else None
    pred = Axes(shape, letters[0] == "N", spatial, channel)
    true = Axes(
        pred.label_shape,
        pred.has_sample_axis,
        tuple(range(int(pred.has_sample_axis), len(pred.label_shape))),
        None,
    )
    layout = layout_of(np.zeros(()), np.zeros(()), "", "")
    layout = type(layout)(true, pred, layout.relation)
    loader.warm_up(kernels, layout, (np.dtype("u1"), np.dtype(dtype)))


def test_a_void_pixel_keeps_what_a_naive_argmax_answers():
    y_pred = np.zeros((1, 8, 8, 3), "f4")
    y_pred[0, 0, 0, 0] = -0.0
    by_numpy, by_kernels = both(np.zeros((1, 8, 8), "u1"), y_pred, "NHWC", DENSE)
    assert len(by_kernels.tables[DENSE[0]].prediction) == 2
    assert_same_stats(by_numpy, by_kernels)


def test_labels_that_share_their_lowest_byte_are_left_to_the_reference():
    assert counted(*np.array([[[-1, 254]]] * 2, "i2")[:, None]) is not None
    assert counted(*np.array([[[-1, 255]]] * 2, "i2")[:, None]) is None


@pytest.mark.parametrize("dtype", ["u8", "i8"])
def test_labels_beyond_all_limits_are_left_to_the_reference(dtype):
    labels = np.full((1, 2, 40), np.iinfo(dtype).max, dtype)
    assert counted(labels, labels) is None
    assert_same_stats(*both(labels, labels, "NHW", LABELS))


@pytest.mark.parametrize("dtypes", [("i2", "i8"), ("u4", "i4"), ("u8", "u2"), ("i8", "u1")])
def test_a_void_that_only_a_late_block_has_changes_no_label_before_it(dtypes):
    y_true = np.random.default_rng(5).integers(0, 100, (3, 70, 70)).astype(dtypes[0])
    y_pred = y_true[::-1].astype(dtypes[1])
    for side, dtype in zip((y_true, y_pred), dtypes, strict=True):
        side[1, 65:] = -1 if dtype[0] == "i" else 255
    table, _ = counted(y_true, y_pred)
    flat = {"y_true": y_true.reshape(3, -1), "y_pred": y_pred.reshape(3, -1)}
    assert table == count_pairs(**flat, samples=np.arange(3))
    assert_same_stats(*both(y_true, y_pred, "NHW", LABELS))
