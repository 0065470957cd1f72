"""Our number for a metric of Keras against Keras itself, on small arrays of every kind."""

from __future__ import annotations

import os
import re
import warnings
from math import prod

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import IouDoctorError
from iou_doctor.sources.memory.array import ArraySource

pytestmark = pytest.mark.reference

CLASSES = 4
INTEGERS = ("bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
FLOATS = ("f2", "f4", "f8")
STRAYS = (-1, CLASSES, 255)
FRACTIONS = (0.5, 0.99, 1.7, -0.5, 2.9, np.nan, np.inf, -np.inf, 1e30)
SHAPES = st.sampled_from([(2, 3, 4), (3, 2, 2), (1, 4, 3), (4, 5), (2, 2, 3, 2), (9,), (3, 60)])
IGNORED = st.sampled_from([None, 0, 2, -1, CLASSES, 255])


@pytest.fixture(scope="module")
def metrics():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras", reason="Keras is not installed").metrics


def answer_of_keras(metrics, call, y_true, y_pred):
    """Return the number, or `None` where Keras raises."""
    name, arguments = call
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            metric = getattr(metrics, name)(**arguments)
            metric.update_state(y_true, y_pred)
            return float(metric.result())
        except Exception:  # whatever Keras raises, it gives no number
            return None


def ours(call, y_true, y_pred):
    name, arguments = call
    text = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    pair = Pair(y_true=ArraySource(y_true, "y_true"), y_pred=ArraySource(y_pred, "y_pred"))
    return check_pair(pair, CheckRequest(metric=f"keras.metrics.{name}({text})")).metric


def names_equal_sizes(metric):
    """Return whether the arrays are as large but are read with other numbers of samples.

    `test_samples_that_are_counted_otherwise` is about them.
    """
    sizes = re.findall(r"\[(\d+)\]", metric.error or "")
    are_equal = len(sizes) == 2 and sizes[0] == sizes[1]
    return are_equal or "flatten alike but differ in samples" in (metric.note or "")


def assert_keras_agrees(metrics, call, y_true, y_pred):
    y_true, y_pred = np.ascontiguousarray(y_true), np.ascontiguousarray(y_pred)
    try:
        metric = ours(call, y_true, y_pred)
    except IouDoctorError:
        assume(False)
    if names_equal_sizes(metric):
        assume(False)
    expected = answer_of_keras(metrics, call, y_true, y_pred)
    assert metric.value == expected, metric.error
    assert (metric.error is None) == (expected is not None)


def arguments(**inputs):
    """Return the arguments that are not `None`."""
    return {name: value for name, value in inputs.items() if value is not None}


def ids(shape, *, strays=STRAYS):
    """Return label maps of any dtype; a stray label that does not fit wraps round."""

    def of_dtype(values):
        return st.sampled_from(INTEGERS + FLOATS).map(values.astype)

    some = st.sampled_from([(0,), tuple(range(CLASSES)), (*range(CLASSES), *strays), (0, 255)])
    return some.flatmap(
        lambda labels: hnp.arrays("i8", shape, elements=st.sampled_from(labels)).flatmap(of_dtype)
    )


def damaged_ids(shape):
    values = st.sampled_from([*range(CLASSES), *FRACTIONS])
    return hnp.arrays("f8", shape, elements=values).flatmap(
        lambda array: st.sampled_from(["f4", "f8"]).map(array.astype)
    )


def one_hot(labels, dtype="u1"):
    return (labels[..., np.newaxis] == np.arange(CLASSES)).astype(dtype)


def one_hot_maps(shape):
    """Return one-hot arrays; pixels of no class are all zero."""
    return st.tuples(
        hnp.arrays("i1", shape, elements=st.integers(-1, CLASSES - 1)),
        st.sampled_from(INTEGERS + FLOATS),
    ).map(lambda drawn: one_hot(*drawn))


def probabilities(shape):
    def normalised(values):
        return (values + 1e-3) / (values + 1e-3).sum(axis=-1, keepdims=True)

    steps = st.sampled_from([0.0, 0.25, 0.5, 1.0, 1000.0])
    return hnp.arrays("f4", (*shape, CLASSES), elements=steps).map(normalised)


def logits(shape):
    values = st.sampled_from([-3.5, -1.0, -0.0, 0.0, 0.3, 1.0, 7.0, np.nan, np.inf, -np.inf])
    return st.sampled_from(FLOATS).flatmap(
        lambda dtype: hnp.arrays(dtype, (*shape, CLASSES), elements=values)
    )


def dense(shape):
    return probabilities(shape) | logits(shape) | one_hot_maps(shape)


def scores(shape):
    values = st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.7, 1.0, -0.4, 3.0, np.nan, np.inf, -np.inf])
    return st.sampled_from(FLOATS).flatmap(
        lambda dtype: hnp.arrays(dtype, shape, elements=values | st.floats(0, 1, width=16))
    )


def with_trailing_axis(drawn):
    array, wanted = drawn
    return array[..., np.newaxis] if wanted else array


def perhaps_trailing(strategy):
    return st.tuples(strategy, st.booleans()).map(with_trailing_axis)


def no_scalar(y_true, y_pred, *, dense_true=False, dense_pred=False):
    """Leave out what only broadcasting a single label saves from an error."""
    sizes = [
        prod(array.shape[: array.ndim - is_dense])
        for array, is_dense in ((y_true, dense_true), (y_pred, dense_pred))
    ]
    assume(1 not in sizes)
    assume(not (dense_true and y_true.ndim == 1) and not (dense_pred and y_pred.ndim == 1))


@settings(max_examples=50)
@given(data=st.data(), shape=SHAPES, ignored=IGNORED)
def test_labels_with_strays_ignored_and_absent_classes(metrics, data, shape, ignored):
    y_true, y_pred = (
        data.draw(perhaps_trailing(ids(shape))),
        data.draw(perhaps_trailing(ids(shape))),
    )
    call = "MeanIoU", arguments(num_classes=CLASSES, ignore_class=ignored)
    assert_keras_agrees(metrics, call, y_true, y_pred)


@settings(max_examples=40)
@given(data=st.data(), shape=SHAPES, ignored=IGNORED)
def test_floats_that_are_cast_to_labels(metrics, data, shape, ignored):
    masks = ids(shape) | damaged_ids(shape)
    predictions = damaged_ids(shape) | scores(shape)
    y_true, y_pred = data.draw(masks), data.draw(perhaps_trailing(predictions))
    call = "MeanIoU", arguments(num_classes=CLASSES, ignore_class=ignored)
    assert_keras_agrees(metrics, call, y_true, y_pred)


@settings(max_examples=40)
@given(data=st.data(), shape=SHAPES, ignored=IGNORED)
def test_target_classes_in_any_order_even_twice(metrics, data, shape, ignored):
    chosen = data.draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=5))
    y_true, y_pred = data.draw(ids(shape)), data.draw(perhaps_trailing(ids(shape)))
    call = (
        "IoU",
        arguments(num_classes=CLASSES, target_class_ids=chosen, ignore_class=ignored),
    )
    assert_keras_agrees(metrics, call, y_true, y_pred)


@settings(max_examples=90)
@given(
    data=st.data(), shape=SHAPES, ignored=IGNORED, sparse=st.tuples(st.booleans(), st.booleans())
)
def test_the_four_combinations_of_sparse_flags(metrics, data, shape, ignored, sparse):
    y_true = data.draw(perhaps_trailing(ids(shape)) if sparse[0] else dense(shape))
    y_pred = data.draw(perhaps_trailing(ids(shape)) if sparse[1] else dense(shape))
    no_scalar(y_true, y_pred, dense_true=not sparse[0], dense_pred=not sparse[1])
    call = (
        "MeanIoU",
        arguments(
            num_classes=CLASSES,
            ignore_class=ignored,
            sparse_y_true=sparse[0],
            sparse_y_pred=sparse[1],
        ),
    )
    assert_keras_agrees(metrics, call, y_true, y_pred)


@settings(max_examples=50)
@given(data=st.data(), shape=SHAPES, sparse=st.tuples(st.booleans(), st.booleans()))
def test_flags_that_do_not_fit_the_arrays(metrics, data, shape, sparse):
    """Both arrays have a class axis, or one or none, whatever the arguments of the metric say."""
    y_true = data.draw(ids(shape) | dense(shape))
    y_pred = data.draw(ids(shape) | scores(shape) | dense(shape))
    no_scalar(y_true, y_pred, dense_true=not sparse[0], dense_pred=not sparse[1])
    flags = {"sparse_y_true": sparse[0], "sparse_y_pred": sparse[1]}
    assert_keras_agrees(metrics, ("MeanIoU", {"num_classes": CLASSES, **flags}), y_true, y_pred)


@settings(max_examples=40)
@given(data=st.data(), shape=SHAPES, ignored=IGNORED, sparse=st.sampled_from([None, True, False]))
def test_one_hot_metrics(metrics, data, shape, ignored, sparse):
    y_true = data.draw(one_hot_maps(shape) | perhaps_trailing(ids(shape)))
    y_pred = data.draw(perhaps_trailing(ids(shape)) if sparse else dense(shape))
    no_scalar(y_true, y_pred, dense_true=True, dense_pred=not sparse)
    given_arguments = arguments(num_classes=CLASSES, ignore_class=ignored, sparse_y_pred=sparse)
    if data.draw(st.booleans()):
        assert_keras_agrees(metrics, ("OneHotMeanIoU", given_arguments), y_true, y_pred)
    else:
        given_arguments["target_class_ids"] = [1, 3]
        assert_keras_agrees(metrics, ("OneHotIoU", given_arguments), y_true, y_pred)


@settings(max_examples=70)
@given(
    data=st.data(),
    shape=SHAPES,
    threshold=st.sampled_from([None, 0, 0.0, 0.25, 0.3, 0.5, 0.7, 1, -0.4]),
    chosen=st.sampled_from([None, [0], [1], [0, 1], [1, 0]]),
)
def test_binary_iou_with_ties_at_the_threshold(metrics, data, shape, threshold, chosen):
    y_true = data.draw(perhaps_trailing(ids(shape) | damaged_ids(shape) | scores(shape)))
    y_pred = data.draw(perhaps_trailing(scores(shape) | ids(shape)) | dense(shape))
    call = "BinaryIoU", arguments(target_class_ids=chosen, threshold=threshold)
    assert_keras_agrees(metrics, call, y_true, y_pred)


@settings(max_examples=40)
@given(data=st.data(), sparse=st.tuples(st.booleans(), st.booleans()))
def test_channels_first_arrays_are_read_in_the_order_stored(metrics, data, sparse):
    """(N, C, H, W) against (N, H, W, C): Keras flattens both as they lie in memory."""
    shape = data.draw(st.sampled_from([(2, 3, 5), (2, CLASSES, CLASSES), (1, 2, 6)]))
    y_true, y_pred = data.draw(dense(shape)), data.draw(dense(shape))
    turned = data.draw(st.sampled_from(["masks", "predictions", "both"]))
    if turned != "predictions":
        y_true = np.moveaxis(y_true, -1, 1)
    if turned != "masks":
        y_pred = np.moveaxis(y_pred, -1, 1)
    flags = {"sparse_y_true": sparse[0], "sparse_y_pred": sparse[1]}
    assert_keras_agrees(metrics, ("MeanIoU", {"num_classes": CLASSES, **flags}), y_true, y_pred)


@settings(max_examples=40)
@given(data=st.data(), shape=st.sampled_from([(2, 3, 5), (3, 4, 2), (2, 4, 4)]))
def test_swapped_flattened_and_mismatched_pixels(metrics, data, shape):
    n, height, width = shape
    other = data.draw(
        st.sampled_from([(n, width, height), (n, height * width), (n, height, width + 1)])
    )
    y_true = data.draw(perhaps_trailing(ids(shape)))
    if data.draw(st.booleans()):
        y_pred = data.draw(perhaps_trailing(ids(other)))
        call = "MeanIoU", {"num_classes": CLASSES}
    else:
        y_pred = data.draw(probabilities(other))
        call = "MeanIoU", {"num_classes": CLASSES, "sparse_y_pred": False}
    assert_keras_agrees(metrics, call, y_true, y_pred)


def test_many_classes_agree_but_for_the_order_of_a_float32_sum(metrics):
    rng = np.random.default_rng(5)
    y_true, y_pred = rng.integers(0, 150, (2, 3, 40, 40))
    call = "MeanIoU", {"num_classes": 150}
    expected = answer_of_keras(metrics, call, y_true, y_pred)
    assert ours(call, y_true, y_pred).value == pytest.approx(expected, abs=1e-6)


def test_a_perfect_score_of_one_pixel_is_a_little_below_one(metrics):
    labels = np.array([[[0, 1], [2, 2]]])
    call = "IoU", {"num_classes": 3, "target_class_ids": [1]}
    assert answer_of_keras(metrics, call, labels, labels) == 0.9999997615814209
    assert ours(call, labels, labels).value == 0.9999997615814209


def test_axis_1_is_accepted_and_then_fails(metrics):
    y_true, y_pred = np.zeros((2, 3, 4, 5), "u1"), np.full((2, 3, 4, 5), 0.25, "f4")
    flags = {"sparse_y_true": False, "sparse_y_pred": False, "axis": 1}
    assert_keras_agrees(metrics, ("MeanIoU", {"num_classes": 3, **flags}), y_true, y_pred)


def test_samples_that_are_counted_otherwise_are_not_replayed():
    """Keras flattens (6, 4, 5) and (3, 8, 5) to the same 120 labels and gives a number."""
    y_true, y_pred = np.arange(120).reshape(6, 4, 5) % 3, np.arange(120).reshape(3, 8, 5) % 4
    metric = ours(("MeanIoU", {"num_classes": 4}), y_true, y_pred)
    assert (metric.value, metric.error) == (None, None)
    assert metric.note == "the arrays flatten alike but differ in samples"


@pytest.mark.parametrize(
    ("flags", "axis"),
    [
        pytest.param({"sparse_y_pred": False}, 3, id="the last axis by its number"),
        pytest.param({"sparse_y_pred": False}, -2, id="the last but one"),
        pytest.param({}, 0, id="axis 0 where nothing is argmaxed"),
        pytest.param({}, 2, id="axis 2 where nothing is argmaxed"),
    ],
)
def test_other_axes(metrics, flags, axis):
    rng = np.random.default_rng(3)
    y_true = rng.integers(0, 3, (2, 6, 5))
    shape = (2, 6, 5) if not flags else (2, 6, 5, 3)
    y_pred = rng.integers(0, 3, shape) if not flags else rng.random(shape)
    call = "MeanIoU", {"num_classes": 3, "axis": axis, **flags}
    assert_keras_agrees(metrics, call, y_true, y_pred)
