"""TFLite models, run by LiteRT. Flex operations, which could touch files, are not linked in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.model import ModelOptions, Shape
from iou_doctor.sources.files.file_status import file_head
from iou_doctor.sources.models.runner import (
    Runner,
    choose,
    missing_extra,
    no_signatures,
    only_input,
)
from iou_doctor.sources.refusals import refusing


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in a `.tflite` file; quantised scores are turned back into floats.

    Raises:
        SourceError: it cannot be loaded, LiteRT is missing, or it has several inputs.
    """
    file_head(path)
    no_signatures(path, "TFLite model", options.signature)
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise missing_extra(path, "ai-edge-litert", "tflite") from error
    with refusing(path, Exception, why="it is no TFLite model, or a damaged one; convert it again"):
        interpreter = Interpreter(model_path=path)
    inputs = {entry["name"]: entry for entry in interpreter.get_input_details()}
    outputs = {entry["name"]: entry for entry in interpreter.get_output_details()}
    given = inputs[only_input(path, [*inputs])]
    chosen = outputs[choose(path, "output", "--output-name", [*outputs], options.output_name)]

    def run(images: NDArray[Any]) -> NDArray[Any]:
        if tuple(interpreter.get_input_details()[0]["shape"]) != images.shape:
            interpreter.resize_tensor_input(given["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], _quantised(images, given))
        interpreter.invoke()
        return _scores(interpreter.get_tensor(chosen["index"]), chosen)

    shape = _shape(given)
    dtype = np.dtype(np.float32) if _scale(given) else np.dtype(given["dtype"])
    shapes = {name: _shape(entry) for name, entry in outputs.items()}
    return Runner("TFLite model", run, shape, dtype, chosen["name"], outputs=shapes)


def _shape(details: dict[str, Any]) -> Shape:
    signature = details.get("shape_signature", details["shape"])
    return tuple(None if n < 0 else int(n) for n in signature)


def _scale(details: dict[str, Any]) -> tuple[float, int] | None:
    scale, zero = details["quantization"]
    return (float(scale), int(zero)) if scale else None


def _quantised(images: NDArray[Any], details: dict[str, Any]) -> NDArray[Any]:
    known = _scale(details)
    if known is None:
        return images
    limits = np.iinfo(details["dtype"])
    whole = np.rint(images / known[0] + known[1]).clip(limits.min, limits.max)
    return np.asarray(whole, dtype=details["dtype"])


def _scores(values: NDArray[Any], details: dict[str, Any]) -> NDArray[Any]:
    known = _scale(details)
    if known is None:
        return values
    return (values.astype(np.float32) - known[1]) * np.float32(known[0])
