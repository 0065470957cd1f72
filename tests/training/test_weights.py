"""Sample weights in a training: pixels of weight 0 are left out, and what was done is stated."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from training.nets import FOREGROUND, LABELS, ONE_HOT, assert_healthy, fit, net

from iou_doctor.keras import Checkup
from iou_doctor.training.weights import (
    LEFT_OUT,
    NOT_APPLIED,
    TREATED_AS_ONE,
    drop_unweighted_pixels,
)

# Keras' own, of the weights that it makes itself
pytestmark = pytest.mark.filterwarnings("ignore:You are passing weight as `float`:UserWarning")
VOID = np.where(np.arange(32) < 5, 255, LABELS).astype(np.int32)
COUNTED = (VOID != 255).astype(np.float32)
LOSS = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)


def weighted_fit(y, weights, metrics, **options):
    model, checkup = options.pop("net", None) or net(3, "softmax"), Checkup()
    settings = {"compile": {"weighted_metrics": metrics}, "sample_weight": weights, **options}
    fit(model, y, None, [checkup], **settings)
    return checkup


def read_notes(checkup) -> set[str]:
    return {
        guess.value
        for report in checkup.reports
        for guess in report.reading.assumed
        if guess.field == "sample_weight"
    }


def test_void_pixels_of_weight_0_are_no_fault(capsys):
    metric = keras.metrics.MeanIoU(3, sparse_y_pred=False)
    checkup = weighted_fit(VOID, COUNTED, [metric], loss=LOSS)
    assert_healthy(capsys)
    assert read_notes(checkup) == {LEFT_OUT}
    assert {report.pixels.out_of_range for report in checkup.reports} == {0}


def test_the_same_pixels_are_a_fault_if_the_metric_gets_no_weights(capsys):
    metric, checkup = keras.metrics.MeanIoU(3, sparse_y_pred=False), Checkup()
    fit(net(3, "softmax"), VOID, [metric], [checkup], loss=LOSS, sample_weight=COUNTED)
    assert "undeclared-void-label" in capsys.readouterr().out
    assert read_notes(checkup) == set()


def test_a_mistake_is_named_if_there_are_weights_too(capsys):
    options = {"loss": "binary_crossentropy", "net": net(1, "sigmoid")}
    checkup = weighted_fit(FOREGROUND, COUNTED, [keras.metrics.MeanIoU(2)], **options)
    output = capsys.readouterr().out
    assert "unthresholded-sigmoid" in output
    assert f"4 samples ({LEFT_OUT})" in output
    assert {report.verdict.primary for report in checkup.reports} == {"unthresholded-sigmoid"}


def test_other_weights_are_treated_as_1_and_that_is_stated(capsys):
    weights = np.where(LABELS == 1, 3.0, 1.0).astype(np.float32)
    metric = keras.metrics.MeanIoU(3, sparse_y_pred=False)
    checkup = weighted_fit(LABELS, weights, [metric], loss=LOSS)
    assert_healthy(capsys)
    assert read_notes(checkup) == {TREATED_AS_ONE}


@pytest.mark.parametrize(
    ("shape", "left", "note"),
    [
        ((4, 24, 32), (4 * 24 * 32 - 4 * 24, 3), LEFT_OUT),
        ((4, 24, 32, 1), (4 * 24 * 32 - 4 * 24, 3), LEFT_OUT),
        ((4, 7), (4, 24, 32, 3), NOT_APPLIED),
        ((4, 24, 32, 3), (4, 24, 32, 3), NOT_APPLIED),
    ],
)
def test_weights_of_any_shape(shape, left, note):
    weights = np.ones(shape)
    void = (slice(None), slice(None), 0)[: len(shape)]
    weights[void] = 0 if len(shape) > 2 else 1
    (true, pred), found = drop_unweighted_pixels(LABELS[:4, ..., np.newaxis], ONE_HOT[:4], weights)
    assert found == note
    assert pred.shape == left
    assert true.shape == (left[:1] if note == LEFT_OUT else (4, 24, 32, 1))


def test_weights_of_samples_drop_samples():
    (true, pred), note = drop_unweighted_pixels(LABELS, ONE_HOT, np.arange(12) % 2)
    assert (true.shape, pred.shape, note) == ((6, 24, 32), (6, 24, 32, 3), LEFT_OUT)
    (true, _), note = drop_unweighted_pixels(LABELS, ONE_HOT, np.arange(12))
    assert (len(true), note) == (11, f"{LEFT_OUT}; other {TREATED_AS_ONE}")
    assert drop_unweighted_pixels(LABELS, ONE_HOT, np.zeros(12))[0][0] is LABELS
    assert drop_unweighted_pixels(LABELS, ONE_HOT, None) == ((LABELS, ONE_HOT), None)


def test_weights_of_channels_are_not_applied():
    arrays, note = drop_unweighted_pixels(ONE_HOT, ONE_HOT, np.arange(3) * np.ones_like(ONE_HOT))
    assert note == NOT_APPLIED
    assert arrays[0] is ONE_HOT
