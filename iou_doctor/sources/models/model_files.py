"""Which files and folders are models, and how each kind is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError
from iou_doctor.sources.models.model_source import ModelSource
from iou_doctor.sources.models.runner import Runner
from iou_doctor.sources.refusals import refusal

SAVED_MODEL_FILE = "saved_model.pb"
MODEL_SUFFIXES = (".keras", ".tflite", ".onnx")


def is_model(path: str) -> bool:
    """Return whether a model is at `path`, of a kind that is known."""
    place = Path(path)
    if place.is_dir():
        return (place / SAVED_MODEL_FILE).exists() or (place / f"{SAVED_MODEL_FILE}txt").exists()
    suffix = place.suffix.lower()
    if suffix in (".h5", ".hdf5") and place.is_file():
        from iou_doctor.sources.models.keras_model import is_keras_h5

        return is_keras_h5(path)
    return suffix in MODEL_SUFFIXES


def open_model(path: str, images: Source, options: ModelOptions) -> ModelSource:
    """Return what a model predicts for images.

    Raises:
        SourceError: the model cannot be loaded, would run code or touch files, or does not take
            these images.
    """
    kind = "saved_model" if Path(path).is_dir() else Path(path).suffix.lower()
    return ModelSource(path, _LOADERS[kind](path, options), images, options)


def without_images(path: str) -> SourceError:
    """Return the error for a model where an array is wanted."""
    return refusal(
        path,
        "it is a model: `iou-doctor check MODEL MASKS --images IMAGES` scores what it predicts;"
        " elsewhere save that with `np.save`",
    )


# Each loader imports its library when it is called: TensorFlow takes seconds.


def _saved_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.saved_model import load

    return load(path, options)


def _keras_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.keras_model import load

    return load(path, options)


def _tflite_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.tflite_model import load

    return load(path, options)


def _onnx_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.onnx_model import load

    return load(path, options)


_LOADERS: dict[str, Callable[[str, ModelOptions], Runner]] = {
    "saved_model": _saved_model,
    ".keras": _keras_model,
    ".h5": _keras_model,
    ".hdf5": _keras_model,
    ".tflite": _tflite_model,
    ".onnx": _onnx_model,
}
