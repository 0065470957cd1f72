"""`iou_doctor.check` of a model: a path, a loaded one, or any function, and the images it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sources.models.tiny_models import (
    CLASSES,
    WEIGHTS,
    images,
    keras_model,
    logits,
    masks,
    saved_model,
    softmax,
)

import iou_doctor
from iou_doctor.errors import IouDoctorError, SourceError, UsageError

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

IMAGES, MASKS = images(), masks()
METRIC = f"MeanIoU({CLASSES}, sparse_y_pred=False)"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    np.save(folder / "images.npy", IMAGES)
    keras_model().save(folder / "model.keras")
    saved_model(folder / "model")
    return folder


@pytest.fixture(scope="module")
def plain() -> Any:
    return iou_doctor.check(y_true=MASKS, y_pred=softmax(logits(IMAGES)), metric=METRIC)


class Own:
    """Keras models whose layers only `call` knows."""

    def __new__(cls) -> Any:
        import keras

        class Net(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.inner = keras_model()

            def call(self, x: Any) -> Any:
                return self.inner(x)

        return Net()


def torch_function() -> Any:
    torch = pytest.importorskip("torch")
    weights = torch.tensor(WEIGHTS, requires_grad=True)
    return lambda x: torch.softmax(torch.tensor(x, dtype=torch.float32) / 255 @ weights, -1)


MODELS = {
    "path of a SavedModel": lambda place: place / "model",
    "path of a Keras model": lambda place: str(place / "model.keras"),
    "SavedModel": lambda place: tf.saved_model.load(str(place / "model")),
    "Keras model": lambda _: keras_model(),
    "Keras subclass": lambda _: Own(),
    "tf.function": lambda _: tf.function(
        lambda x: tf.nn.softmax(tf.cast(x, tf.float32) / 255.0 @ WEIGHTS)
    ),
    "NumPy": lambda _: lambda x: softmax(logits(x)),
    "PyTorch": lambda _: torch_function(),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_any_model_scores_as_what_it_predicts(place, plain, model):
    report = iou_doctor.check(y_true=MASKS, y_pred=model(place), images=IMAGES, metric=METRIC)
    assert report.predictions.format == "model"
    assert report.score == plain.score
    assert not report.verdict.sick


@pytest.mark.parametrize(
    "given",
    [
        lambda place: place / "images.npy",
        lambda _: tf.constant(IMAGES),
        lambda _: tf.data.Dataset.from_tensor_slices(IMAGES).batch(2),
    ],
    ids=["path", "tensor", "dataset"],
)
@pytest.mark.parametrize("batch_size", [None, 3])
def test_images_come_as_a_path_a_tensor_or_batches(place, plain, given, batch_size):
    report = iou_doctor.check(
        y_true=MASKS,
        y_pred=keras_model(),
        images=given(place),
        metric=METRIC,
        batch_size=batch_size,
    )
    assert report.score == plain.score


def test_scales_outputs_and_signatures_are_as_on_the_command_line(tmp_path, plain):
    def two(x: Any) -> Any:
        scores = tf.linalg.matmul(x, WEIGHTS)
        return {"edges": scores[..., :1], "probs": tf.nn.softmax(scores)}

    model = saved_model(tmp_path / "two", two)
    said = {"y_true": MASKS, "y_pred": model, "images": IMAGES, "metric": METRIC}
    report = iou_doctor.check(
        **said, input_scale=1 / 255, output_name="probs", signature="serving_default"
    )
    assert report.score == plain.score
    shifted = iou_doctor.check(**said, input_scale=(1 / 255, 5.0), output_name="probs")
    assert shifted.score != plain.score
    with pytest.raises(SourceError, match="the outputs `edges`, `probs`"):
        iou_doctor.check(**said, input_scale=1 / 255)


def test_a_function_of_several_outputs_needs_a_name(plain):
    def two(x: Any) -> Any:
        return softmax(logits(x)), x[..., 0]

    said = {"y_true": MASKS, "y_pred": two, "images": IMAGES, "metric": METRIC}
    assert iou_doctor.check(**said, output_name="output_0").score == plain.score
    with pytest.raises(SourceError, match="`output_0`, `output_1`; name one with output_name="):
        iou_doctor.check(**said)


def test_logits_of_a_loaded_model_are_noted():
    model = keras_model(activation=None)
    report = iou_doctor.check(y_true=MASKS, y_pred=model, images=IMAGES, metric=METRIC)
    assert "IOU802" in [finding.rule.code for finding in report.findings]


def test_a_model_that_may_run_code_needs_to_be_trusted(tmp_path):
    import keras

    lambda_layer = keras.layers.Lambda(lambda x: x * 1.0)
    keras_model(extra=lambda_layer).save(tmp_path / "code.keras")
    said = {"y_true": MASKS, "y_pred": tmp_path / "code.keras", "images": IMAGES, "metric": METRIC}
    with pytest.raises(SourceError, match="IOU804 unsafe-model-file"):
        iou_doctor.check(**said)
    report = iou_doctor.check(**said, trust_model=True)
    assert "IOU804" in [finding.rule.code for finding in report.findings]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"y_pred": len}, "it is a model; give its images with images="),
        ({"y_pred": MASKS, "signature": "x"}, "signature= is for a model; give its images"),
        ({"y_pred": MASKS, "trust_model": True}, "trust_model= is for a model"),
        ({"y_pred": MASKS, "input_scale": 0.5}, "input_scale= is for a model"),
        ({"images": IMAGES}, "give the masks as y_true and a model as y_pred"),
        ({"y_pred": len, "images": IMAGES, "input_scale": (1, 2, 3)}, "give a factor, 1 / 255"),
        ({"y_pred": len, "images": IMAGES, "input_scale": "1/255"}, "give a factor, 1 / 255"),
        ({"y_pred": len, "images": IMAGES}, "images gave an output of shape \\(\\)"),
        ({"y_pred": abs, "images": IMAGES, "signature": "x"}, "drop `signature='x'`"),
        ({"y_pred": MASKS, "device": "tpu"}, "device='tpu': give 'auto', 'cpu' or 'gpu'"),
    ],
)
def test_what_does_not_go_together_is_refused(said, words):
    with pytest.raises(IouDoctorError, match=words):
        iou_doctor.check(y_true=MASKS, num_classes=CLASSES, **said)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr("iou_doctor.scan.device.is_gpu_visible", lambda: False)
    with pytest.raises(UsageError, match=r"no NVIDIA GPU is visible .* use device='cpu'"):
        iou_doctor.check(y_true=MASKS, y_pred=MASKS, device="gpu")
