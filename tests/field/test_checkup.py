"""The callback and the function in trainings and scripts as people write them."""

from __future__ import annotations

import os
import re
import warnings

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from build import errors, mean_iou
from scipy.ndimage import gaussian_filter

import iou_doctor
from field.arrays import draw_masks, predict
from iou_doctor.keras import Checkup

METRICS = keras.metrics
RANDOM = np.random.default_rng(0)
SMOOTH = gaussian_filter(RANDOM.normal(size=(24, 24, 24, 3)), (0, 2, 2, 0))
IMAGES = (SMOOTH / SMOOTH.std() * 0.3 + 0.5).astype(np.float32)
OBJECT = (IMAGES[..., 0] > 0.5).astype(np.int32)
LABELS = OBJECT + ((IMAGES[..., 1] > 0.6) & (OBJECT > 0))
VOID = np.where(RANDOM.random(LABELS.shape) < 0.1, 255, LABELS)
SPARSE = "sparse_categorical_crossentropy"
IGNORING = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)


def train(
    y,
    metric,
    *,
    channels=3,
    activation="softmax",
    loss=SPARSE,
    epochs=3,
    rate=0.02,
    fit=None,
    **options,
):
    """Train a tiny network with the callback and return what the metric read in each epoch."""
    keras.utils.set_random_seed(1)
    images = keras.Input((24, 24, 3))
    hidden = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(images)
    model = keras.Model(images, keras.layers.Conv2D(channels, 1, activation=activation)(hidden))
    model.compile(keras.optimizers.Adam(rate), loss, metrics=[metric], **options)
    callbacks = [Checkup()]
    fitted = model.fit(IMAGES, y, 8, epochs=epochs, verbose=0, callbacks=callbacks, **(fit or {}))
    return fitted.history[metric.name]


def get_output(capsys):
    """Return the rules that were printed, and the lines that say that all is well."""
    text = capsys.readouterr().out
    rules = re.findall(r"^(?:error|warning) IOU\d+ ([\w-]+)$", text, re.MULTILINE)
    return rules, re.findall(r"^iou-doctor: (no fault found.*)$", text, re.MULTILINE)


def argmax_then(change=lambda y, p: (y, p)):
    """Return the subclass that many people use, which argmaxes before it calls its base."""

    class Argmaxed(METRICS.MeanIoU):
        def update_state(self, y_true, y_pred, sample_weight=None):
            arrays = change(y_true, tf.argmax(y_pred, axis=-1))
            return super().update_state(*arrays, sample_weight)

    return Argmaxed(3, name="iou")


@pytest.mark.parametrize("rate", [0.02, 0.002])
def test_train_object_is_ignore_class(capsys, rate):
    metric = METRICS.MeanIoU(2, ignore_class=255, sparse_y_pred=False)
    assert max(train(OBJECT * 255, metric, channels=2, loss=IGNORING, rate=rate, epochs=2)) <= 0.5
    assert get_output(capsys) == (["masks-0-255"], [])


def test_train_scribbles_without_the_object_at_first(capsys):
    scribbles = np.where(RANDOM.random(OBJECT.shape) < 0.05, OBJECT, 255)
    scribbles[:8][OBJECT[:8] == 1] = 255
    metric = METRICS.MeanIoU(2, ignore_class=255, sparse_y_pred=False)
    train(scribbles, metric, channels=2, loss=IGNORING, rate=0.002, fit={"shuffle": False})
    assert get_output(capsys)[0] == []


def test_train_object_looks_inverted_to_a_young_network(capsys):
    masks, metric = OBJECT[..., np.newaxis], METRICS.BinaryIoU([0, 1], 0.5)
    keras.utils.set_random_seed(1)
    images = keras.Input((24, 24, 3))
    head = keras.layers.Conv2D(1, 1, activation="sigmoid")
    model = keras.Model(images, head(images))
    head.set_weights([np.float32([[[[-9], [0], [0]]]]), np.float32([4.5])])
    model.compile(keras.optimizers.SGD(1e-4), "binary_crossentropy", metrics=[metric])
    options = {"epochs": 2, "validation_split": 0.5, "verbose": 0}
    model.fit(IMAGES, masks, 4, callbacks=[Checkup()], **options)
    assert get_output(capsys)[0] == []
    head.set_weights([np.float32([[[[9], [0], [0]]]]), np.float32([-4.5])])
    validation = IMAGES[12:], 1 - masks[12:]
    model.fit(
        IMAGES, masks, 4, epochs=1, verbose=0, validation_data=validation, callbacks=[Checkup()]
    )
    assert get_output(capsys)[0] == ["inverted-masks"]


@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}], ids=str)
def test_the_axis_that_keras_cannot_use_is_named_before_its_error(capsys, options):
    metric = METRICS.MeanIoU(3, sparse_y_pred=False, axis=1, name="iou")
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        train(LABELS, metric, epochs=1, **options)
    assert "metric iou cannot be used with axis=1" in capsys.readouterr().out


def test_train_logits_at_one_half(capsys):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    masks, metric = OBJECT[..., np.newaxis].astype(np.float32), METRICS.BinaryIoU([0, 1], 0.5)
    train(masks, metric, channels=1, activation=None, loss=loss)
    assert get_output(capsys) == (["logits-thresholded-as-probabilities"], [])


@pytest.mark.parametrize(
    ("masks", "metric"),
    [
        (LABELS[..., np.newaxis], argmax_then()),
        (LABELS, argmax_then(lambda y, p: (y, p[..., tf.newaxis]))),
    ],
)
def test_train_argmax_subclass(capsys, masks, metric):
    assert train(masks, metric)[-1] > 0.35
    line = (
        "no fault found in what iou received: 4 checks of up to 16 samples, the last one in"
        " training, epoch 2"
    )
    assert get_output(capsys) == ([], [line])


@pytest.mark.parametrize(
    ("masks", "metric", "options"),
    [
        (
            OBJECT[..., np.newaxis].astype(np.float32),
            METRICS.BinaryIoU([0, 1], 0.5, name="iou"),
            {"channels": 1, "activation": "sigmoid", "loss": "binary_crossentropy"},
        ),
        (
            VOID,
            METRICS.MeanIoU(3, ignore_class=255, sparse_y_pred=False, name="iou"),
            {"loss": IGNORING},
        ),
    ],
    ids=["train_binary_metric", "train_declared_void"],
)
def test_healthy_trainings_get_one_line(capsys, masks, metric, options):
    train(masks, metric, **options)
    rules, lines = get_output(capsys)
    assert (rules, len(lines)) == ([], 1)


@pytest.mark.parametrize(
    ("masks", "metric", "rule", "options"),
    [
        (LABELS, METRICS.MeanIoU(3), "unargmaxed-probabilities", {}),
        (LABELS, METRICS.MeanIoU(3), "unargmaxed-probabilities", {"run_eagerly": True}),
        (LABELS[..., np.newaxis], METRICS.MeanIoU(3), "unargmaxed-probabilities", {}),
        (LABELS, METRICS.OneHotMeanIoU(3), "missing-one-hot", {"jit_compile": True}),
    ],
)
def test_the_diagnosis_comes_before_the_error_of_keras(capsys, masks, metric, rule, options):
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        train(masks, metric, epochs=1, **options)
    assert get_output(capsys) == ([rule], [])


def draw_binary():
    truth = draw_masks((6, 48, 56), 2, smoothness=8.0)
    return truth, predict(truth, 2)


def test_python_generator_of_pairs():
    truth, predicted = draw_binary()
    # edges that move at random, not all to one side
    predicted = np.where(np.arange(6)[:, np.newaxis, np.newaxis] % 2, truth, predicted)
    batches = ((truth[i : i + 2], predicted[i : i + 2]) for i in range(0, 6, 2))
    report = iou_doctor.check(pairs=list(batches), num_classes=2)
    assert [f.rule.name for f in report.findings if f.severity.value != "note"] == []
    assert report.mean_iou == pytest.approx(mean_iou(truth, predicted, 2))


def test_python_masks_0_255():
    truth, predicted = draw_binary()
    report = iou_doctor.check(y_true=truth * 255, y_pred=predicted, num_classes=2, ignore_index=255)
    assert errors(report) == ["masks-0-255"]
    assert not any("weight the loss" in finding.help for finding in report.findings)
    after = report.findings[0].repair.mean_iou_after
    assert after == pytest.approx(mean_iou(truth, predicted, 2))
