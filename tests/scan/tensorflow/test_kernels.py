"""The TensorFlow kernels equal the NumPy reference bit for bit, and trace their graph once."""

from __future__ import annotations

import os
from itertools import product

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scan.arrays import INTEGERS, SCORES, assert_same_stats, layout_of, stats_of_batch

from iou_doctor.arrays.batch import Batch
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.stats import Stats
from iou_doctor.scan.batch_plan import BatchPlan
from iou_doctor.scan.numpy.decode_labels import argmax_like_keras

tensorflow_kernels = pytest.importorskip("iou_doctor.scan.tensorflow.kernels")
support = pytest.importorskip("iou_doctor.scan.tensorflow.support")
tf = pytest.importorskip("tensorflow")

L, A = LabelDecoding.LABELS, LabelDecoding.ARGMAX
LABELS = (Pairing(L, L),)
ALL_VALUES = (
    *(
        Pairing(L, pred)
        for pred in (L, LabelDecoding.BINS, LabelDecoding.TENTHS, LabelDecoding.TIMES_255)
    ),
    *(Pairing(LabelDecoding.TIMES_255, L), Pairing(LabelDecoding.BINS, LabelDecoding.BINS)),
    *(Pairing(L, L, flat=True), Pairing(L, LabelDecoding.BINS, flat=True)),
)
ALL_CLASSES = (
    *(Pairing(L, A), Pairing(L, LabelDecoding.ARGMAX_NAN)),
    Pairing(L, LabelDecoding.ARGMAX_LAST, flat=True),
)
SHAPE = (3, 4, 5)
SMALLEST = {"f2": 6e-8, "f4": 1e-45, "f8": 1e-300}
PHASES = (Phase.explicit, Phase.generate)
quick = settings(max_examples=40, phases=PHASES)
_KERNELS: dict[object, object] = {}


def elements(dtype):
    """Return what a dtype can hold of labels, scores, edges of grids, and the odd ones."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return None
    if kind.kind in "iu":
        info = np.iinfo(kind)
        ids = (0, 1, 2, 3, 20, 127, -1, 255, 300)
        inside = [v for v in ids if info.min <= v <= info.max]
        return st.sampled_from(inside) | st.sampled_from([info.min, info.max, 0, 1, 2, 3])
    tiny = SMALLEST[dtype]
    edges = (100.07 / 255, 199.93 / 255, 0.9, 0.1, 0.98, 1.02, 100.0, 255.0, -3.0, tiny, -tiny)
    usual = st.sampled_from((0.0, 0.25, 0.5, 1.0, 2.0)) | st.floats(0, 1, width=16)
    return usual | st.sampled_from((*SCORES, *edges)) | st.floats(-4, 300, width=16)


def maps(shape, dtypes):
    """Return arrays of calm values as often as wild ones: these alone would hide the calm paths."""

    def of(dtype):
        wild = hnp.arrays(dtype, shape, elements=elements(dtype))
        if np.dtype(dtype).kind == "b":
            return wild
        return wild | hnp.arrays(dtype, shape, elements=st.sampled_from((0, 1, 2)))

    return st.sampled_from(dtypes).flatmap(of)


def kernels_of(layout, pairings, *, compiled=False):
    """Return kernels that earlier examples have used too: what they remember must not matter."""
    key = layout, pairings, compiled
    if key not in _KERNELS:
        _KERNELS[key] = tensorflow_kernels.Kernels(layout, pairings, 0.5, compiled=compiled)
    return _KERNELS[key]


def counted(kernels, y_true, y_pred, samples, first_row=0):
    found = kernels.count(y_true=y_true, y_pred=y_pred, samples=samples, first_row=first_row)
    if found is None:
        return None
    whole = len(samples) if first_row == 0 else 0
    return Stats(whole, found.tables, found.y_true, found.y_pred)


def compare(y_true, y_pred, pairings, *, pred="NHW", compiled=False, first_row=0, as_tensor=True):
    layout = layout_of(y_true, y_pred, pred=pred)
    assert support.is_supported(layout, pairings)
    samples = np.arange(7, 7 + len(y_true))
    stored = (y_true, y_pred)
    expected = stats_of_batch(BatchPlan(layout, pairings, 0.5), Batch(*stored, samples, first_row))
    kernels = kernels_of(layout, pairings, compiled=compiled)
    if as_tensor:
        stored = tuple(tf.constant(array) for array in stored)
    found = counted(kernels, *stored, samples, first_row)
    if found is not None:
        assert_same_stats(found, expected)
    return found


@quick
@given(maps(SHAPE, INTEGERS), maps(SHAPE, INTEGERS), st.booleans())
def test_labels_of_any_dtype_are_counted_as_the_reference_counts(y_true, y_pred, as_tensor):
    compare(y_true, y_pred, LABELS, as_tensor=as_tensor)


@quick
@given(maps(SHAPE, ("u1", "f4")), maps(SHAPE, ("bool", "u1", "i8", "f2", "f4", "f8")))
def test_every_derivation_of_values_equals_the_reference(y_true, y_pred):
    compare(y_true, y_pred, ALL_VALUES)


@quick
@given(maps(SHAPE, ("u1",)), maps((*SHAPE, 4), (*INTEGERS, "f2", "f4", "f8")))
def test_every_derivation_of_channels_equals_the_reference(y_true, y_pred):
    assert compare(y_true, y_pred, ALL_CLASSES, pred="NHWC")


@quick
@given(maps(SHAPE, ("u1",)), maps((3, 4, 4, 5), ("u1", "f2", "f4", "f8")), st.booleans())
def test_channels_first_equal_the_reference(y_true, y_pred, as_tensor):
    compare(y_true, y_pred, ALL_CLASSES[:2], pred="NCHW", as_tensor=as_tensor)
    compare(y_true, y_pred, ALL_CLASSES[:2], pred="NHCW", as_tensor=as_tensor)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("values", [(-0.0, 0.0, 0.5, 1.0, np.nan), (0, 1, 2, 3, 255)])
def test_every_order_of_five_values_in_four_channels_equals_the_reference(values, compiled):
    kind = "f4" if 0.5 in values else "u1"
    scores = np.array(list(product(values, repeat=4)), kind).reshape(1, 25, 25, 4)
    y_true = np.zeros((1, 25, 25), np.uint8)
    assert compare(y_true, scores, ALL_CLASSES, pred="NHWC", compiled=compiled)


@settings(max_examples=20, phases=PHASES)
@given(maps(SHAPE, ("u1",)), maps((*SHAPE, 4), ("u1", "f2", "f4", "f8")))
def test_channels_compiled_by_xla_equal_the_reference_too(y_true, scores):
    assert compare(y_true, scores, ALL_CLASSES, pred="NHWC", compiled=True)
    first = np.moveaxis(scores, -1, 1)
    assert compare(y_true, first, ALL_CLASSES[:2], pred="NCHW", compiled=True)


@pytest.mark.parametrize("compiled", [False, True])
def test_negative_zero_is_as_large_as_in_keras(compiled):
    keras = pytest.importorskip("keras")
    least, y_true = 5.96e-8, np.zeros((1, 1, 5), np.uint8)  # the smallest subnormal of float16
    rows = [[-least, -0.0], [-0.0, -least], [-6.2e-5, -0.0], [-0.0, 0.0], [-0.0, -1.0]]
    for kind in ("f2", "f4", "f8"):
        scores = np.array(rows, kind)[np.newaxis, np.newaxis]
        assert compare(y_true, scores, ALL_CLASSES, pred="NHWC", compiled=compiled), kind
        answer = keras.ops.convert_to_numpy(keras.ops.argmax(scores, axis=-1))
        assert np.array_equal(argmax_like_keras(scores), answer), kind


@settings(max_examples=20, phases=PHASES)
@given(maps(SHAPE, ("u1",)), maps(SHAPE, ("bool", "i8", "f2", "f4")))
def test_values_compiled_by_xla_equal_the_reference_too(y_true, values):
    compare(y_true, values, ALL_VALUES, compiled=True)
    compare(y_true, values, LABELS, compiled=True)


@quick
@given(maps(SHAPE, ("u1",)), hnp.arrays("f4", (*SHAPE, 4), elements=elements("f4")))
def test_bfloat16_counts_as_the_float32_that_it_is(y_true, scores):
    layout = layout_of(y_true, scores, pred="NHWC")
    short = tf.cast(tf.constant(scores), tf.bfloat16)
    bits = tf.bitcast(short, tf.uint16).numpy().astype(np.uint32) << 16
    samples = np.arange(3)
    expected = stats_of_batch(
        BatchPlan(layout, ALL_CLASSES, 0.5), Batch(y_true, bits.view("f4"), samples)
    )
    kernels = kernels_of(layout, ALL_CLASSES)
    assert_same_stats(counted(kernels, tf.constant(y_true), short, samples), expected)


def softmax(n, height=6, width=5, channels=3):
    rng = np.random.default_rng(n)
    scores = rng.random((n, height, width, channels), dtype=np.float32)
    scores /= scores.sum(axis=-1, keepdims=True)
    return rng.integers(0, channels, (n, height, width), dtype=np.uint8), scores


@pytest.mark.parametrize("compiled", [False, True])
def test_batches_of_any_number_are_traced_once_and_the_last_may_be_smaller(compiled):
    whole = softmax(4)
    layout = layout_of(*whole, pred="NHWC")
    kernels = tensorflow_kernels.Kernels(layout, ALL_CLASSES[:2], 0.5, compiled=compiled)
    visit = BatchPlan(layout, ALL_CLASSES[:2], 0.5)
    for n in (4, 4, 3, 1):
        y_true, y_pred = softmax(n)
        expected = stats_of_batch(visit, Batch(y_true, y_pred, np.arange(n)))
        assert_same_stats(counted(kernels, y_true, y_pred, np.arange(n)), expected)
    assert kernels.traces == 1
    assert kernels._shapes == ({(4, 30)} if compiled else set())


def test_images_of_fewer_pixels_are_padded_to_a_shape_that_was_compiled():
    y_true, y_pred = softmax(2)
    layout = layout_of(y_true, y_pred, pred="NHWC")
    kernels = tensorflow_kernels.Kernels(layout, ALL_CLASSES[:2], 0.5)
    counted(kernels, y_true, y_pred, np.arange(2))
    small = softmax(1, height=4)
    small[1][0, 2, 1] = np.nan
    expected = stats_of_batch(BatchPlan(layout, ALL_CLASSES[:2], 0.5), Batch(*small, np.arange(1)))
    assert_same_stats(counted(kernels, *small, np.arange(1)), expected)


def test_labels_outside_the_first_range_are_counted_and_then_expected():
    y_true = np.full((1, 2, 2), 255, np.uint8)
    kernels = tensorflow_kernels.Kernels(layout_of(y_true, y_true), LABELS, 0.5)
    for value in (255, 254, 7):
        maps = np.full((1, 2, 2), value, np.uint8)
        table = kernels.count(y_true=maps, y_pred=maps, samples=np.arange(1)).tables[LABELS[0]]
        assert table.count_truths() == {value: 4}
    assert kernels.traces == 1


def test_one_table_for_each_of_several_threads_adds_up_to_the_same():
    y_true, y_pred = softmax(3)
    layout = layout_of(y_true, y_pred, pred="NHWC")
    kernels = tensorflow_kernels.Kernels(layout, ALL_CLASSES, 0.5, replicas=7)
    expected = stats_of_batch(
        BatchPlan(layout, ALL_CLASSES, 0.5), Batch(y_true, y_pred, np.arange(3))
    )
    assert_same_stats(counted(kernels, y_true, y_pred, np.arange(3)), expected)


@pytest.mark.parametrize("value", [2.0**40, -np.inf, np.nan])
def test_one_odd_value_everywhere_equals_the_reference(value):
    compare(np.ones(SHAPE, np.uint8), np.full(SHAPE, value, np.float32), ALL_VALUES)


@pytest.mark.parametrize("value", [2**40, 2**40 - 1, -(2**40), 2**31, 2**63 - 1])
def test_one_far_label_everywhere_equals_the_reference(value):
    compare(np.full(SHAPE, value, np.int64), np.ones(SHAPE, np.uint8), LABELS)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("dtype", "pairs"),
    [
        ("i8", ((0, 31), (0, 32), (-1, 3), (3, 2**32 + 3), (2, -(2**40)))),
        ("i8", ((2**35, 2**35 + 5), (-(2**63), 5), (2**63 - 1, 0))),
        ("u8", tuple((2, value) for value in (32, 2**32, 2**63, 2**64 - 1))),
        ("u1", ((0, 255), (31, 32))),
        ("i4", ((-(2**31), 2**31 - 1), (-1, 0))),
    ],
)
def test_integers_beside_the_range_that_has_codes_equal_the_reference(dtype, pairs, compiled):
    for values in pairs:
        labels = np.array(values, dtype)[np.arange(60).reshape(3, 4, 5) % 2]
        labels[0, 0, 0] = 1
        compare(labels, labels[::-1].copy(), LABELS, compiled=compiled)
