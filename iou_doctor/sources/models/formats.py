"""The table of model formats: a new one is a new file with a function `load`, and a row here.

Each loader imports its module when it is called, because TensorFlow takes seconds to import.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from iou_doctor.arrays.model import SAVED_MODEL_FILES, ModelOptions
from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.file_status import get_file_size
from iou_doctor.sources.models.runner import Runner
from iou_doctor.sources.models.source import ModelSource
from iou_doctor.sources.source_errors import source_error, translate_errors

HDF5_SUFFIXES = (".h5", ".hdf5")
"""Suffixes of files that hold either a Keras model or arrays."""

_UNUSABLE = "it is damaged, or a model of a kind that iou-doctor cannot run; export it again"


def _load_saved_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.saved_model.load import load

    return load(path, options)


def _load_keras_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.keras_model import load

    return load(path, options)


def _load_tflite_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.tflite_model import load

    return load(path, options)


def _load_onnx_model(path: str, options: ModelOptions) -> Runner:
    from iou_doctor.sources.models.onnx_model import load

    return load(path, options)


LOADERS: dict[str, Callable[[str, ModelOptions], Runner]] = {
    ".keras": _load_keras_model,
    **dict.fromkeys(HDF5_SUFFIXES, _load_keras_model),
    ".tflite": _load_tflite_model,
    ".onnx": _load_onnx_model,
}
"""The loader of each suffix; folders are SavedModels."""


def is_model(path: str) -> bool:
    """Return whether a model of a known format is at `path`."""
    place = Path(path)
    if place.is_dir():
        # unlike Path, os.path does not mind folders that may not be searched
        return any(os.path.exists(place / name) for name in SAVED_MODEL_FILES)  # noqa: PTH110
    suffix = place.suffix.lower()
    if suffix in HDF5_SUFFIXES:
        return place.is_file() and _is_keras_hdf5(path)
    return suffix in LOADERS


def _is_keras_hdf5(path: str) -> bool:
    from iou_doctor.sources.models.keras_model import is_keras_hdf5

    return is_keras_hdf5(path)


def open_model(path: str, images: Source, options: ModelOptions) -> ModelSource:
    """Return what a model predicts for images.

    Raises:
        SourceError: the model cannot be loaded, may run code or access files, or does not take
            these images.
    """
    place = Path(path)
    _check_files(place)
    load = _load_saved_model if place.is_dir() else LOADERS[place.suffix.lower()]
    # hostile files make the libraries raise errors of any kind
    with options.supervise(path), translate_errors(path, Exception, why=_UNUSABLE):
        runner = load(path, options)
    return ModelSource(path, runner, images, options)


def _check_files(place: Path) -> None:
    """Refuse a pipe or a device among the files of a model, which could be read for ever."""
    if not place.is_dir():
        get_file_size(os.fspath(place))
        return
    for folder, _, names in os.walk(place):
        for name in names:
            file = Path(folder, name)
            if file.exists() and not file.is_file():
                raise source_error(
                    os.fspath(place), f"`{file}` in it is a pipe or a device; give a saved model"
                )


def missing_images_error(path: str) -> SourceError:
    """Return the error for a model where an array is wanted."""
    return source_error(
        path,
        "it is a model: `iou-doctor check MODEL MASKS --images IMAGES` scores what it predicts;"
        " for other commands save that with `np.save`",
    )
