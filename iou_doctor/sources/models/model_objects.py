"""Models that are loaded already: of Keras, SavedModels, and any function of images."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import Source
from iou_doctor.sources.memory.anywhere import Values
from iou_doctor.sources.memory.tensor import is_tensor, values_of
from iou_doctor.sources.models.model_source import ModelSource
from iou_doctor.sources.models.runner import Runner, choose, no_signatures
from iou_doctor.sources.models.saved_model import named, runner_of

KIND = "function"
KERAS = ("keras", "tf_keras")


def is_model_object(value: object) -> bool:
    """Return whether a value is a model: something that can be called, and is no array."""
    if isinstance(value, (str, os.PathLike)) or is_tensor(value):
        return False
    if _has_signatures(value) or _library_of(value):
        return True
    return callable(value) and not isinstance(value, Iterable)


def open_model_object(value: Any, label: str, images: Source, options: ModelOptions) -> ModelSource:
    """Return what a loaded model predicts for images.

    Args:
        value: a model of Keras, what `tf.saved_model.load` returned, or a function that takes a
            batch of images and returns scores, as an array or a tensor of any library.
        label: what to call it.
        images: the images.
        options: how to run it.

    Raises:
        SourceError: it does not take these images, or has not the output that was named.
    """
    return ModelSource(label, _runner(value, label, options), images, options)


def _runner(value: Any, label: str, options: ModelOptions) -> Runner:
    if _has_signatures(value):
        return runner_of(label, value, options)
    no_signatures(label, "model of Keras or a function", options.signature)
    library = _library_of(value)
    if library == "keras" and getattr(value, "inputs", None):
        from iou_doctor.sources.models import keras_model

        return keras_model.runner_of(label, value, options)

    def run(images: NDArray[Any]) -> Values:
        outputs = named(value(images))
        name = choose(label, "output", "output_name=", [*outputs], options.output_name)
        return values_of(outputs[name], label)

    # a network of Keras takes no bytes; what a function takes, nobody knows
    dtype = np.dtype(np.float32) if library else None
    return Runner(KIND, run, None, dtype, options.output_name or "output_0")


def _has_signatures(value: object) -> bool:
    """Return whether a value is a loaded SavedModel."""
    return type(value).__module__.startswith("tensorflow.") and hasattr(value, "signatures")


def _library_of(value: object) -> str | None:
    """Return which Keras a model is of; `None`: of neither."""
    for cls in type(value).__mro__:
        library = cls.__module__.partition(".")[0]
        if cls.__name__ == "Model" and library in KERAS:
            return library
    return None
