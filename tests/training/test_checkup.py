"""The callback inside real trainings."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from build import diagnose
from training.nets import FOREGROUND, IMAGES, LABELS, ONE_HOT, assert_healthy, fit, net

from iou_doctor.errors import UsageError
from iou_doctor.keras import Checkup

METRICS = keras.metrics
SPARSE = "sparse_categorical_crossentropy"


def printed(capsys) -> list[str]:
    """Return the rules that were printed, in order."""
    return re.findall(r"^(?:error|warning) IOU\d+ ([\w-]+)$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("y", "channels", "activation", "loss", "metric", "call", "rule"),
    [
        (
            ONE_HOT,
            3,
            "softmax",
            "categorical_crossentropy",
            METRICS.MeanIoU(3),
            "keras.metrics.MeanIoU(num_classes=3)",
            "unargmaxed-probabilities",
        ),
        (
            FOREGROUND,
            1,
            "sigmoid",
            "binary_crossentropy",
            METRICS.MeanIoU(2),
            "keras.metrics.MeanIoU(num_classes=2)",
            "unthresholded-sigmoid",
        ),
        (
            LABELS[..., np.newaxis],
            3,
            "softmax",
            SPARSE,
            METRICS.OneHotMeanIoU(3),
            "keras.metrics.OneHotMeanIoU(num_classes=3)",
            "missing-one-hot",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_classic_mistake_is_named_once_as_the_command_line_names_it(
    capsys, y, channels, activation, loss, metric, call, rule
):
    model, checkup = net(channels, activation), Checkup()
    history = fit(model, y, [metric], [checkup], loss=loss, epochs=3, validation_split=0.34)
    assert printed(capsys) == [rule]
    assert len(history.history["loss"]) == 3
    outside = diagnose(y_true=y, y_pred=model.predict(IMAGES, verbose=0), metric=call)
    assert outside.verdict.primary == rule
    assert {report.verdict.primary for report in checkup.reports} == {rule}


@pytest.mark.parametrize(
    ("y", "channels", "activation", "loss", "metrics"),
    [
        (LABELS, 3, "softmax", SPARSE, [METRICS.MeanIoU(3, sparse_y_pred=False)]),
        (ONE_HOT, 3, "softmax", "categorical_crossentropy", [METRICS.OneHotMeanIoU(3)]),
        (FOREGROUND, 1, "sigmoid", "binary_crossentropy", [METRICS.BinaryIoU()]),
    ],
    ids=["labels", "one-hot", "sigmoid"],
)
def test_a_healthy_training_prints_one_line(capsys, y, channels, activation, loss, metrics):
    checkup = Checkup()
    fit(net(channels, activation), y, metrics, [checkup], loss=loss, epochs=3, validation_split=0.3)
    assert_healthy(capsys)
    assert len(checkup.reports) == 2 + 2 * 2  # two batches, two epochs, two validations


@pytest.mark.parametrize("options", [{"jit_compile": True}, {"run_eagerly": True}], ids=str)
def test_arrays_are_seen_however_the_step_is_run(capsys, options):
    fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [Checkup()], compile=options)
    assert printed(capsys) == ["unargmaxed-probabilities"]


def test_several_steps_in_one_call_are_seen(capsys):
    options = {"steps_per_execution": 2}
    fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [Checkup()], compile=options)
    assert printed(capsys) == ["unargmaxed-probabilities"]


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
def test_datasets_are_seen_with_a_smaller_last_batch(capsys):
    dataset = tf.data.Dataset.from_tensor_slices((IMAGES, ONE_HOT)).batch(5)
    fit(net(3, "softmax"), None, [METRICS.MeanIoU(3)], [Checkup()], x=dataset, batch_size=None)
    assert printed(capsys) == ["unargmaxed-probabilities"]


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
def test_a_generator_loses_nothing(capsys):
    given = []

    def batches():
        for first in (0, 4, 8):
            given.append(first)
            yield IMAGES[first : first + 4], ONE_HOT[first : first + 4]

    model, options = net(3, "softmax"), {"batch_size": None, "steps_per_epoch": 3}
    history = fit(model, None, [METRICS.MeanIoU(3)], [Checkup()], x=batches(), **options)
    assert printed(capsys) == ["unargmaxed-probabilities"]
    assert given == [0, 4, 8]
    assert len(history.history) == 2


def test_a_metric_that_argmaxes_before_it_calls_its_base_is_healthy(capsys):
    class Argmaxed(METRICS.MeanIoU):
        def update_state(self, y_true, y_pred, sample_weight=None):
            labels = [keras.ops.argmax(array, axis=-1) for array in (y_true, y_pred)]
            return super().update_state(*labels, sample_weight)

    checkup = Checkup()
    fit(net(3, "softmax"), ONE_HOT, [Argmaxed(3)], [checkup])
    assert_healthy(capsys)
    assert checkup.reports


def test_a_metric_of_a_custom_training_step_is_found(capsys):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.iou = net(3, "softmax"), METRICS.MeanIoU(3, name="own")

        def call(self, images):
            return self.inner(images)

        def train_step(self, data):
            images, masks = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x=images, y=masks, y_pred=self(images))
            weights = self.trainable_weights
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            self.iou.update_state(masks, self(images))
            return {"own": self.iou.result()}

    fit(Own(), ONE_HOT, None, [Checkup()])
    output = capsys.readouterr().out
    assert "metric own, 4 samples" in output
    assert "unargmaxed-probabilities" in output


def test_each_output_and_each_metric_is_checked_by_itself(capsys):
    keras.utils.set_random_seed(1)
    images = keras.Input((24, 32, 3))
    first = keras.layers.Conv2D(3, 1, activation="softmax", name="classes")(images)
    second = keras.layers.Conv2D(1, 1, activation="sigmoid", name="front")(images)
    model = keras.Model(images, {"classes": first, "front": second})
    fit(
        model,
        {"classes": ONE_HOT, "front": FOREGROUND},
        {
            "classes": [METRICS.OneHotMeanIoU(3), METRICS.MeanIoU(3, name="wrong")],
            "front": METRICS.BinaryIoU(),
        },
        [Checkup()],
        loss={"classes": "categorical_crossentropy", "front": "binary_crossentropy"},
    )
    output = capsys.readouterr().out
    assert re.findall("metric (.*), 4 samples", output) == ["wrong"]
    assert "unargmaxed-probabilities" in output


def test_masks_that_are_wrong_in_the_validation_only(capsys):
    metric = METRICS.MeanIoU(3, sparse_y_pred=False)
    validation = (IMAGES, LABELS + 1)
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=3)
    fit(net(3, "softmax"), LABELS, [metric], [Checkup()], loss=loss, validation_data=validation)
    output = capsys.readouterr().out
    assert "iou-doctor: validation, epoch 1" in output
    assert "iou-doctor: training" not in output
    assert "label 3" in output


def test_stop_on_error_stops_the_training_after_the_batch(capsys):
    metric, checkup = METRICS.MeanIoU(3), Checkup(stop_on="error")
    history = fit(net(3, "softmax"), ONE_HOT, [metric], [checkup], epochs=5)
    assert len(history.history["loss"]) == 1
    assert len(checkup.reports) == 1
    assert "training stopped because of stop_on='error'" in capsys.readouterr().out


def test_evaluate_is_checked_too(capsys):
    model = net(3, "softmax")
    model.compile(loss="categorical_crossentropy", metrics=[METRICS.MeanIoU(3)])
    model.evaluate(IMAGES, ONE_HOT, verbose=0, callbacks=[Checkup()])
    assert printed(capsys) == ["unargmaxed-probabilities"]
    assert "iou-doctor: evaluate" not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras' saving, of NumPy
def test_the_model_is_left_as_it_was(capsys, tmp_path):
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "net.keras")
    model, plain = net(3, "softmax"), net(3, "softmax")
    options = {"epochs": 2, "shuffle": False}
    with_it = fit(model, ONE_HOT, [METRICS.MeanIoU(3)], [Checkup(), saved], **options)
    without = fit(plain, ONE_HOT, [METRICS.MeanIoU(3)], [], **options)
    assert with_it.history["loss"] == without.history["loss"]
    assert "train_step" not in vars(model)
    assert "update_state" in vars(METRICS.BinaryIoU)
    assert vars(METRICS.BinaryIoU)["update_state"].__module__.startswith("keras.")
    assert not hasattr(vars(METRICS.BinaryIoU)["update_state"], "__wrapped__")
    capsys.readouterr()
    model.fit(IMAGES, ONE_HOT, verbose=0)
    assert capsys.readouterr().out == ""
    assert keras.models.load_model(tmp_path / "net.keras").count_params() == model.count_params()


def test_an_interrupted_training_leaves_a_model_that_trains():
    class Broken(keras.callbacks.Callback):
        def on_train_batch_end(self, *_, **__):
            raise KeyboardInterrupt

    model, checkup = net(3, "softmax"), Checkup()
    with pytest.raises(KeyboardInterrupt):
        fit(model, ONE_HOT, [METRICS.MeanIoU(3)], [checkup, Broken()])
    plain = fit(model, ONE_HOT, [METRICS.MeanIoU(3, name="iou")], [])
    assert sorted(plain.history) == ["iou", "loss"]
    history = fit(model, ONE_HOT, [METRICS.MeanIoU(3, name="iou")], [checkup])
    assert sorted(history.history) == ["iou", "loss"]


def test_a_model_without_an_iou_metric_gets_one_line(capsys):
    fit(net(3, "softmax"), ONE_HOT, ["accuracy"], [Checkup()], epochs=2)
    assert capsys.readouterr().out.count("train_step updates no IoU metric of keras.metrics") == 1


def test_samples_are_bounded():
    checkup = Checkup(samples=3, batches=2, epochs=1)
    fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [checkup])
    assert [report.masks.shape[0] for report in checkup.reports] == [2, 4, 4]


def test_nothing_is_recorded_after_the_last_check():
    held = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, *_, **__):
            held.append(len(checkup._recorders["train"]._latest))

    checkup = Checkup(batches=2, epochs=1)
    fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [checkup, Watch()], epochs=2)
    assert held == [1, 2, 2, 0, 0, 0]


@pytest.mark.parametrize("validates", [True, False])
def test_the_ledger_is_that_of_the_samples_of_the_last_batches(capsys, validates):
    metric = METRICS.OneHotMeanIoU(3)
    checkup = Checkup(batches=2, epochs=1, ledger=True)
    options = {"validation_data": (IMAGES, ONE_HOT)} if validates else {"shuffle": False}
    model = net(3, "softmax")
    fit(model, ONE_HOT, [metric], [checkup], epochs=4, **options)
    out = capsys.readouterr().out
    report = checkup.reports[-1]
    assert len(checkup.reports) == 2 + 1 + validates + 1
    assert f"iou-doctor: where the missing {report.ledger.missing:.4f} of the mean IoU" in out
    assert out.count("by pair") == 1
    assert "class 0 predicted as class" in out
    ledger = out.partition("iou-doctor: no fault")[0]
    assert max(map(len, ledger.splitlines())) <= 100
    if validates:  # the weights after the last epoch, on the last batches of the validation
        predicted = model.predict(IMAGES[-8:], verbose=0).argmax(-1)
        ious = [
            ((predicted == label) & (LABELS[-8:] == label)).sum()
            / ((predicted == label) | (LABELS[-8:] == label)).sum()
            for label in range(3)
        ]
        assert report.ledger.missing == pytest.approx(1 - np.mean(ious), abs=1e-6)


def test_with_a_ledger_and_no_epochs_one_validation_is_checked():
    checkup = Checkup(batches=2, epochs=0, ledger=True)
    options = {"validation_data": (IMAGES, ONE_HOT)}
    fit(net(3, "softmax"), ONE_HOT, [METRICS.OneHotMeanIoU(3)], [checkup], epochs=3, **options)
    assert len(checkup.reports) == 2 + 1 + 1  # two batches, one validation, the ledger


def test_a_ledger_of_misread_arrays_is_that_after_the_repair(capsys):
    checkup = Checkup(ledger=True)
    fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [checkup])
    out = capsys.readouterr().out
    assert "error IOU201" in out
    assert "of the mean IoU after the repair goes, 8 samples\n  your metric: keras" in out


def test_ignored_rules_are_not_reported(capsys):
    checkup = Checkup(ignore=["IOU201", "IOU302"])
    fit(net(3, "softmax"), ONE_HOT, [METRICS.MeanIoU(3)], [checkup])
    assert printed(capsys) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"stop_on": "errors"}, "stop_on='errors': give 'error', 'warning' or None"),
        ({"samples": 0}, "samples and batches must be 1 or more"),
        ({"ignore": ["IOU999"]}, "no rule is called 'IOU999'"),
    ],
)
def test_invalid_arguments_are_refused_before_the_training(arguments, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        Checkup(**arguments)
