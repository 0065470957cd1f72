"""TFLite models, run by LiteRT."""

from __future__ import annotations

from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray, StoredScalar
from iou_doctor.arrays.model import ModelOptions, Shape
from iou_doctor.sources.files.file_status import read_file_head
from iou_doctor.sources.models.runner import (
    Runner,
    choose_name,
    missing_library_error,
    refuse_signature,
    require_single_input,
    unsafe_model_error,
)
from iou_doctor.sources.source_errors import translate_errors

_KIND = "TFLite model"
_DAMAGED = "it is not a TFLite model, or it is damaged; convert it again"


class TensorDetails(TypedDict):
    """What LiteRT's `Interpreter.get_input_details` says about one tensor."""

    name: str
    index: int
    shape: NDArray[np.int32]
    """The shape that the interpreter has allocated."""
    shape_signature: NotRequired[NDArray[np.int32]]
    """The declared shape, with -1 for an axis of any length."""
    dtype: type[StoredScalar]
    quantization: tuple[float, int]
    """The scale and the zero point; a scale of 0 means that the tensor is not quantised."""


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in a `.tflite` file; quantised scores are converted back to floats.

    Raises:
        SourceError: it cannot be loaded, has custom operations, LiteRT is missing, or it has
            several inputs.
    """
    read_file_head(path)
    refuse_signature(path, _KIND, options.signature)
    try:
        from ai_edge_litert.interpreter import Interpreter

        from iou_doctor.sources.models.tflite_safety import list_unsafe_parts
    except ImportError as error:
        raise missing_library_error(path, "ai-edge-litert", "tflite") from error
    with translate_errors(path, Exception, why=_DAMAGED):
        unsafe = list_unsafe_parts(Path(path).read_bytes())
    if unsafe and not options.trusted:
        raise unsafe_model_error(path, unsafe)
    with translate_errors(path, Exception, why=_DAMAGED):
        interpreter = Interpreter(model_path=path)
        inputs = {entry["name"]: entry for entry in interpreter.get_input_details()}
        outputs = {entry["name"]: entry for entry in interpreter.get_output_details()}
    model_input = inputs[require_single_input(path, [*inputs])]
    name = choose_name(path, "output", "--output-name", [*outputs], options.output_name)
    output = outputs[name]

    def run(images: StoredArray) -> StoredArray:
        if tuple(interpreter.get_input_details()[0]["shape"]) != images.shape:
            interpreter.resize_tensor_input(model_input["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(model_input["index"], _quantise(images, model_input))
        interpreter.invoke()
        return _dequantise(interpreter.get_tensor(output["index"]), output)

    is_quantised = _read_quantisation(model_input) is not None
    return Runner(
        _KIND,
        run,
        _read_shape(model_input),
        np.dtype(np.float32 if is_quantised else model_input["dtype"]),
        name,
        outputs={key: _read_shape(entry) for key, entry in outputs.items()},
        unsafe=unsafe,
    )


def _read_shape(details: TensorDetails) -> Shape:
    shape = details["shape_signature"] if "shape_signature" in details else details["shape"]
    return tuple(None if n < 0 else int(n) for n in shape)


def _read_quantisation(details: TensorDetails) -> tuple[float, int] | None:
    """Return the scale and the zero point of a quantised tensor; `None` for any other."""
    scale, zero_point = details["quantization"]
    return (float(scale), int(zero_point)) if scale else None


def _quantise(images: StoredArray, details: TensorDetails) -> StoredArray:
    quantisation = _read_quantisation(details)
    if quantisation is None:
        return images
    scale, zero_point = quantisation
    limits = np.iinfo(np.dtype(details["dtype"]).name)
    whole = np.rint(np.divide(images, scale) + zero_point).clip(limits.min, limits.max)
    return np.asarray(whole, dtype=details["dtype"])


def _dequantise(scores: StoredArray, details: TensorDetails) -> StoredArray:
    quantisation = _read_quantisation(details)
    if quantisation is None:
        return scores
    scale, zero_point = quantisation
    return (scores.astype(np.float32) - zero_point) * np.float32(scale)
