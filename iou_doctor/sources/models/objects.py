"""Models that the user has loaded: Keras models, SavedModels, and functions of images."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import ArrayOrTensor, Source
from iou_doctor.sources.memory.tensor import is_array_or_tensor, keep_or_convert
from iou_doctor.sources.models.runner import Runner, choose_name, name_outputs, refuse_signature
from iou_doctor.sources.models.source import ModelSource

_KIND = "function"
_KERAS_LIBRARIES = ("keras", "tf_keras")
"""Keras 3 and Keras 2."""


def is_model_object(value: object) -> bool:
    """Return whether a value is a model: something that can be called, and is not an array."""
    if isinstance(value, (str, os.PathLike)) or is_array_or_tensor(value):
        return False
    if _is_saved_model(value) or _find_keras_package(value):
        return True
    return callable(value) and not isinstance(value, Iterable)


def open_model_object(
    model: object, label: str, images: Source, options: ModelOptions
) -> ModelSource:
    """Return what a loaded model predicts for images.

    Args:
        model: a Keras model, what `tf.saved_model.load` returned, or a function that takes a batch
            of images and returns scores, as an array or a tensor of any library.
        label: what to call it.
        images: the images.
        options: how to run it.

    Raises:
        SourceError: it does not take these images, or does not have the output that was named.
    """
    return ModelSource(label, _build_runner(model, label, options), images, options)


def _build_runner(model: Any, label: str, options: ModelOptions) -> Runner:
    if _is_saved_model(model):
        from iou_doctor.sources.models.saved_model import load

        return load.build_runner(label, model, options)
    refuse_signature(label, "Keras model or function", options.signature)
    keras_package = _find_keras_package(model)
    if keras_package == "keras" and getattr(model, "inputs", None):
        from iou_doctor.sources.models import keras_model

        return keras_model.build_runner(label, model, options)

    def run(images: StoredArray) -> ArrayOrTensor:
        outputs = name_outputs(model(images))
        name = choose_name(label, "output", "output_name=", [*outputs], options.output_name)
        return keep_or_convert(outputs[name], label)

    # a Keras network does not take bytes; what a function takes is unknown
    dtype = np.dtype(np.float32) if keras_package else None
    return Runner(_KIND, run, None, dtype, options.output_name or "output_0")


def _is_saved_model(value: object) -> bool:
    """Return whether a value is what `tf.saved_model.load` returns."""
    return type(value).__module__.startswith("tensorflow.") and hasattr(value, "signatures")


def _find_keras_package(value: object) -> str | None:
    """Return the package whose `Model` a value is an instance of, `keras` or `tf_keras`."""
    for cls in type(value).__mro__:
        package = cls.__module__.partition(".")[0]
        if cls.__name__ == "Model" and package in _KERAS_LIBRARIES:
            return package
    return None
