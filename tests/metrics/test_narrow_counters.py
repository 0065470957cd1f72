"""Metrics of Keras that count in floats of few digits, against Keras and tf-keras themselves."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from build import diagnose, found

from iou_doctor.errors import UsageError
from iou_doctor.metrics.registry import VISIBLE_DIFFERENCE

RANDOM = np.random.default_rng(0)


def draw(classes):
    truth = RANDOM.integers(0, classes, (6, 75, 100))
    truth = np.where(RANDOM.random(truth.shape) < 0.4, 0, truth)
    other = RANDOM.integers(0, classes, truth.shape)
    return truth, np.where(RANDOM.random(truth.shape) < 0.8, truth, other)


ARRAYS = {classes: draw(classes) for classes in (2, 3)}


def ask_library(call, truth, predicted, size):
    library, _, name = call.partition(".metrics.")
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    metric = eval(name, vars(importlib.import_module(f"{module.__name__}.metrics")))
    for start in range(0, len(truth), size or len(truth)):
        metric.update_state(*(side[start:][: size or len(truth)] for side in (truth, predicted)))
    return float(metric.result())


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", [None, 4])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "call",
    [
        "keras.metrics.MeanIoU({n}, dtype='float16')",
        "keras.metrics.MeanIoU({n}, dtype='bfloat16')",
        "keras.metrics.MeanIoU({n}, dtype='float16', ignore_class=0)",
        "keras.metrics.IoU({n}, [1], dtype='float16')",
        "tf_keras.metrics.MeanIoU({n}, dtype='float16')",
    ],
)
def test_the_value_is_that_of_the_library(call, classes, size):
    call, (truth, predicted) = call.format(n=classes), ARRAYS[classes]
    report = diagnose(y_true=truth, y_pred=predicted, metric=call, batch_size=size)
    assert report.metric.counter is not None
    real = ask_library(call, truth, predicted, size)
    assert report.metric.counter.value == pytest.approx(real, abs=1e-6)
    if abs(real - report.metric.value) > VISIBLE_DIFFERENCE:
        assert f"it reads {real:.4f}, not" in found(report, "counter-overflow").message


@pytest.mark.parametrize("dtype", ["'float32'", "'float64'", "'int64'", "None", "tf.int32"])
def test_other_types_count_so_few_pixels_exactly(dtype):
    truth, predicted = ARRAYS[3]
    call = f"keras.metrics.MeanIoU(3, dtype={dtype})"
    report = diagnose(y_true=truth, y_pred=predicted, metric=call)
    assert "counter-overflow" not in [finding.rule.name for finding in report.findings]


def test_2048_pixels_fit_into_float16_and_one_more_does_not():
    for pixels, fires in ((2048, False), (2049, True)):
        truth = np.zeros((1, 1, pixels + 90), dtype=np.uint8)
        truth[..., pixels:] = 1
        predicted = truth.copy()
        predicted[..., -60:] = 0
        call = "MeanIoU(2, dtype='float16')"
        report = diagnose(y_true=truth, y_pred=predicted, metric=call)
        counter = report.metric.counter
        assert counter.largest == pixels
        assert (counter.value != report.metric.value) is fires


@pytest.mark.parametrize("dtype", ["'uint8'", "tf.int16", "'complex64'", "3"])
def test_other_types_are_refused(dtype):
    with pytest.raises(UsageError, match=r"dtype=.* is not supported; what works: 'float16'"):
        diagnose(
            y_true=[[0, 1]], y_pred=[[0, 1]], metric=f"keras.metrics.MeanIoU(2, dtype={dtype})"
        )
