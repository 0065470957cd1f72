from types import SimpleNamespace

import numpy as np
import pytest
from build import diagnose, found, names, noisy, scene

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.predictions.double_activation import _is_range_filled, find
from iou_doctor.counts.value_counts import ValueCounts

CALL = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
BINARY = "keras.metrics.BinaryIoU()"
TRUTH = scene(1, samples=3, height=24, width=30)
PREDICTED = noisy(TRUTH, 2)
OBJECTS = TRUTH > 0


def softmax(scores):
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


def class_logits(*, sure):
    """Return logits of which most are `sure` for the predicted class."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, (*TRUTH.shape, 3))
    return scores + sure * (PREDICTED[..., None] == np.arange(3))


def binary_logits(*, sure):
    return np.random.default_rng(0).normal(0, 1, TRUTH.shape) + np.where(OBJECTS, sure, -sure)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_softmax_twice(dtype):
    scores = softmax(softmax(class_logits(sure=6))).astype(dtype)
    report = diagnose(y_true=TRUTH, y_pred=scores, metric=CALL)
    facts = found(report, "double-activation").facts
    assert facts["bounds"] == pytest.approx([0.2119, 0.5761], abs=1e-4)
    assert facts["near_upper_bound"] > 0.9 * facts["pixels"]
    assert names(report)[0] == "double-activation"


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_sigmoid_twice_makes_everything_foreground(dtype):
    scores = sigmoid(sigmoid(binary_logits(sure=6))).astype(dtype)
    report = diagnose(y_true=OBJECTS, y_pred=scores, metric=BINARY)
    assert report.verdict.primary == "double-activation"
    assert "collapsed-predictions" not in names(report)
    assert {"threshold-off", "never-predicted-class"} >= set(report.explains["double-activation"])


@pytest.mark.parametrize("sure", [0, 0.5, 1, 6])
def test_one_activation_passes(sure):
    for y_true, y_pred, metric in (
        (TRUTH, softmax(class_logits(sure=sure)), CALL),
        (OBJECTS, sigmoid(binary_logits(sure=sure)), BINARY),
    ):
        report = diagnose(y_true=y_true, y_pred=y_pred.astype(np.float32), metric=metric)
        assert "double-activation" not in names(report)


def test_few_pixels_at_the_upper_end_are_chance():
    scores = np.random.default_rng(0).uniform(0.55, 0.65, TRUTH.shape).astype(np.float32)
    scores[0, 0, :2] = (0.5, 0.731)
    report = diagnose(y_true=OBJECTS, y_pred=scores, metric=BINARY)
    assert "double-activation" not in names(report)


def test_an_unsure_model_within_the_bounds_passes():
    rng = np.random.default_rng(0)
    flat = 0.45 * rng.uniform(0, 1, (*TRUTH.shape, 3)) + 0.5 * (
        PREDICTED[..., None] == np.arange(3)
    )
    scores = softmax(flat)
    assert scores.max() < 0.576
    report = diagnose(y_true=TRUTH, y_pred=scores.astype(np.float32), metric=CALL)
    assert "double-activation" not in names(report)
    timid = np.where(OBJECTS, 0.7, 0.55) + rng.uniform(-0.03, 0.03, TRUTH.shape)
    report = diagnose(y_true=OBJECTS, y_pred=timid.astype(np.float32), metric=BINARY)
    assert "double-activation" not in names(report)


@pytest.mark.parametrize(
    ("low", "high", "filled"),
    [
        (0.5 * 0.9991, 0.7311, True),
        (0.5 * 0.9989, 0.7311, False),
        (0.5, 0.7311 * 1.0009, True),
        (0.5, 0.7311 * 1.0011, False),
        (0.5 * 1.019, 0.7311, True),
        (0.5 * 1.021, 0.7311, False),
        (0.5, 0.7311 * 0.981, True),
        (0.5, 0.7311 * 0.979, False),
        (None, None, False),
    ],
)
def test_both_ends_are_reached_and_neither_is_passed(low, high, filled):
    assert _is_range_filled(ValueCounts(minimum=low, maximum=high), 0.5, 0.7311) is filled


@pytest.mark.parametrize(
    ("encoding", "maximum", "near", "fires"),
    [
        (Encoding.SIGMOID, 0.7311, 10, True),
        (Encoding.SIGMOID, 0.7311, 9, False),
        (Encoding.PROBABILITIES, 0.5761, 250, True),
        (Encoding.PROBABILITIES, 0.5761, 249, False),
    ],
)
def test_enough_pixels_are_near_the_upper_end(encoding, maximum, near, fires):
    minimum = 0.5 if encoding is Encoding.SIGMOID else (1 - maximum) / 2
    values = ValueCounts(pixels=1000, minimum=minimum, maximum=maximum, near_twice=near)
    layout = SimpleNamespace(y_pred=SimpleNamespace(channels=3))
    evidence = SimpleNamespace(
        interpretation=SimpleNamespace(y_pred=encoding, layout=layout),
        stats=SimpleNamespace(y_pred=values),
    )
    assert bool(find(evidence)) is fires
