"""ONNX models, run by onnxruntime on the CPU. They hold operations of ONNX and no code."""

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

_DTYPES = {"float": "float32", "double": "float64"}  # ONNX's words where numpy has others


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in a `.onnx` file.

    Raises:
        SourceError: it cannot be loaded, onnxruntime is missing, or it has several inputs.
    """
    file_head(path)
    no_signatures(path, "ONNX model", options.signature)
    try:
        import onnxruntime
    except ImportError as error:
        raise missing_extra(path, "onnxruntime", "onnx") from error
    with refusing(path, Exception, why="it is no ONNX model, or a damaged one; export it again"):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {entry.name: entry for entry in session.get_inputs()}
    outputs = {entry.name: _shape(entry.shape) for entry in session.get_outputs()}
    given = inputs[only_input(path, [*inputs])]
    output = choose(path, "output", "--output-name", [*outputs], options.output_name)

    def run(images: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(session.run([output], {given.name: images})[0])

    return Runner(
        "ONNX model", run, _shape(given.shape), _dtype(given.type), output, outputs=outputs
    )


def _shape(lengths: list[int | str | None]) -> Shape:
    return tuple(n if isinstance(n, int) else None for n in lengths)


def _dtype(words: str) -> np.dtype[Any]:
    """Return the dtype that `tensor(float)` means."""
    name = words.removeprefix("tensor(").removesuffix(")")
    return np.dtype(_DTYPES.get(name, name))
