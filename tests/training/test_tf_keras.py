"""The callback inside trainings of tf-keras, the Keras 2 that is still in use."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf
from training import nets as of_keras
from training.nets import FOREGROUND, IMAGES, LABELS, ONE_HOT, assert_healthy

from iou_doctor.errors import UsageError
from iou_doctor.keras import Checkup as CheckupOfKeras

tf_keras = pytest.importorskip("tf_keras", reason="tf-keras is not installed")
Checkup = pytest.importorskip("iou_doctor.tf_keras").Checkup

METRICS = tf_keras.metrics
SPARSE = "sparse_categorical_crossentropy"


def net(channels, activation):
    tf_keras.utils.set_random_seed(1)
    images = tf_keras.Input((24, 32, 3))
    hidden = tf_keras.layers.Conv2D(8, 3, padding="same", activation="relu")(images)
    head = tf_keras.layers.Conv2D(channels, 1, activation=activation)
    return tf_keras.Model(images, head(hidden))


def fit(model, y, metrics, callbacks, *, loss="categorical_crossentropy", **options):
    model.compile(loss=loss, metrics=metrics, **options.pop("compile", {}))
    settings = {"batch_size": 4, "verbose": 0, "epochs": 1, **options}
    return model.fit(IMAGES, y, callbacks=callbacks, **settings)


def printed(capsys) -> list[str]:
    return re.findall(r"^(?:error|warning) IOU\d+ ([\w-]+)$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("y", "channels", "activation", "loss", "metric", "rule"),
    [
        (ONE_HOT, 3, "softmax", None, lambda: METRICS.MeanIoU(3), "unargmaxed-probabilities"),
        (
            FOREGROUND,
            1,
            "sigmoid",
            "binary_crossentropy",
            lambda: METRICS.MeanIoU(2),
            "unthresholded-sigmoid",
        ),
        (
            LABELS[..., np.newaxis],
            3,
            "softmax",
            SPARSE,
            lambda: METRICS.OneHotMeanIoU(3),
            "missing-one-hot",
        ),
    ],
    ids=["softmax", "sigmoid", "labels"],
)
@pytest.mark.parametrize("eagerly", [False, True])
def test_a_classic_mistake_is_named_once(
    capsys, y, channels, activation, loss, metric, rule, eagerly
):
    checkup, options = Checkup(), {"loss": loss or "categorical_crossentropy", "epochs": 2}
    compile_options = {"run_eagerly": eagerly}
    fit(net(channels, activation), y, [metric()], [checkup], compile=compile_options, **options)
    assert printed(capsys) == [rule]
    assert all(report.metric_call.startswith("tf_keras.metrics.") for report in checkup.reports)


def test_a_healthy_training_prints_one_line_and_leaves_the_model_as_it_was(capsys):
    checkup, metric = Checkup(), METRICS.MeanIoU(3, sparse_y_pred=False)
    own, model = metric.update_state, net(3, "softmax")
    fit(model, LABELS, [metric], [checkup], loss=SPARSE, epochs=3, validation_split=0.3)
    assert_healthy(capsys)
    assert len(checkup.reports) == 2 + 2 * 2
    assert metric.update_state == own
    assert "build" not in vars(model.compiled_metrics)
    assert not hasattr(METRICS.BinaryIoU.update_state, "__wrapped__")
    fit(model, LABELS, [METRICS.MeanIoU(3, sparse_y_pred=False)], [], loss=SPARSE)


def test_the_numbers_of_the_training_are_those_without_it():
    losses = [
        fit(
            net(3, "softmax"),
            ONE_HOT,
            [METRICS.OneHotMeanIoU(3, name="iou")],
            calls,
            epochs=2,
            shuffle=False,
        )
        for calls in ([], [Checkup()])
    ]
    assert losses[0].history == losses[1].history


def test_a_metric_that_argmaxes_before_it_calls_its_base_is_healthy(capsys):
    class Argmaxed(METRICS.MeanIoU):
        def update_state(self, y_true, y_pred, sample_weight=None):
            return super().update_state(
                np_argmax(y_true), np_argmax(y_pred), sample_weight=sample_weight
            )

    checkup = Checkup()
    fit(net(3, "softmax"), ONE_HOT, [Argmaxed(3)], [checkup])
    assert_healthy(capsys)
    assert checkup.reports


def np_argmax(values):
    import tensorflow as tf

    return tf.argmax(values, axis=-1)


def test_metrics_that_are_copied_for_several_outputs_are_seen(capsys):
    tf_keras.utils.set_random_seed(1)
    images = tf_keras.Input((24, 32, 3))
    heads = [tf_keras.layers.Conv2D(3, 1, activation="softmax", name=name) for name in "ab"]
    model = tf_keras.Model(images, [head(images) for head in heads])
    fit(model, [ONE_HOT, ONE_HOT], [METRICS.MeanIoU(3, name="iou")], [Checkup()])
    assert re.findall("metric (.*), 4 samples", capsys.readouterr().out) == ["a_iou", "b_iou"]


def test_stop_on_error_and_evaluate(capsys):
    checkup = Checkup(stop_on="error")
    history = fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [checkup], epochs=5)
    assert len(history.history["loss"]) == 1
    assert "training stopped because of stop_on='error'" in capsys.readouterr().out
    model = net(3, "softmax")
    model.compile(loss="categorical_crossentropy", metrics=[METRICS.MeanIoU(3)])
    model.evaluate(IMAGES, ONE_HOT, verbose=0, callbacks=[Checkup()])
    assert printed(capsys) == ["unargmaxed-probabilities"]


def test_void_pixels_of_weight_0_are_no_fault(capsys):
    void = np.where(np.arange(32) < 5, 0, LABELS)
    weights = (np.arange(32) >= 5) * np.ones(LABELS.shape, np.float32)
    metric = METRICS.MeanIoU(3, sparse_y_pred=False)
    checkup, options = Checkup(), {"weighted_metrics": [metric]}
    fit(
        net(3, "softmax"),
        void,
        None,
        [checkup],
        loss=SPARSE,
        compile=options,
        sample_weight=weights,
    )
    assert_healthy(capsys)
    guesses = [g for report in checkup.reports for g in report.reading.assumed]
    assert "pixels of weight 0 are left out" in [g.value for g in guesses]


def test_the_callback_of_the_other_keras_says_which_one_to_import(capsys):
    with pytest.raises(UsageError, match=r"import it from iou_doctor\.tf_keras"):
        fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [CheckupOfKeras()])
    of_keras.fit(of_keras.net(3, "softmax"), ONE_HOT, None, [Checkup()], epochs=2)
    said = "this is not a model of tf_keras; import Checkup from iou_doctor.keras"
    assert capsys.readouterr().out.count(said) == 1


def test_arguments_that_cannot_work_are_refused():
    with pytest.raises(UsageError, match="stop_on='errors'"):
        Checkup(stop_on="errors")


@pytest.mark.parametrize("eagerly", [False, True])
def test_the_diagnosis_comes_before_the_error_of_keras(capsys, eagerly):
    options = {"loss": SPARSE, "compile": {"run_eagerly": eagerly}}
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        fit(net(3, "softmax"), LABELS, [METRICS.MeanIoU(3)], [Checkup()], **options)
    assert printed(capsys) == ["unargmaxed-probabilities"]
