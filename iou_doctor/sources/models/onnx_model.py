"""ONNX models, run by onnxruntime on the CPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.model import ModelOptions, Shape
from iou_doctor.sources.files.file_status import read_file_head
from iou_doctor.sources.files.stamps import stamp_files
from iou_doctor.sources.models.onnx_safety import find_weight_files, list_unsafe_parts
from iou_doctor.sources.models.runner import (
    Runner,
    choose_name,
    missing_library_error,
    refuse_signature,
    require_single_input,
    unsafe_model_error,
)
from iou_doctor.sources.source_errors import translate_errors

_KIND = "ONNX model"
_DAMAGED = "it is not an ONNX model, or it is damaged; export it again"
_DTYPES = {"float": "float32", "double": "float64"}
"""The element types of ONNX whose names differ from those of NumPy."""


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in a `.onnx` file.

    Raises:
        SourceError: it cannot be loaded, has custom operations or weights outside its folder, a
            library is missing, or it has several inputs.
    """
    read_file_head(path)
    refuse_signature(path, _KIND, options.signature)
    # else importing it writes an identifier of this machine, and sends it with what is run
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise missing_library_error(path, error.name or "onnx", "onnx") from error
    with translate_errors(path, Exception, why=_DAMAGED):
        model = onnx.ModelProto.FromString(Path(path).read_bytes())
        unsafe = list_unsafe_parts(model, Path(path).parent)
    if unsafe and not options.trusted:
        raise unsafe_model_error(path, unsafe)
    weights = tuple(
        stamp
        for file in find_weight_files(model, Path(path).parent)
        for stamp in stamp_files(os.fspath(file))
    )
    with translate_errors(path, Exception, why=_DAMAGED):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        inputs = {entry.name: entry for entry in session.get_inputs()}
        outputs = {entry.name: _read_shape(entry.shape) for entry in session.get_outputs()}
    model_input = inputs[require_single_input(path, [*inputs])]
    output = choose_name(path, "output", "--output-name", [*outputs], options.output_name)

    def run(images: StoredArray) -> StoredArray:
        return np.asarray(session.run([output], {model_input.name: images})[0])

    return Runner(
        _KIND,
        run,
        _read_shape(model_input.shape),
        _read_dtype(model_input.type),
        output,
        outputs=outputs,
        unsafe=unsafe,
        stamps=weights,
    )


def _read_shape(lengths: Sequence[int | str | None]) -> Shape:
    """Return a shape of ONNX, in which names stand for any length."""
    return tuple(n if isinstance(n, int) else None for n in lengths)


def _read_dtype(element_type: str) -> np.dtype[np.generic]:
    """Return the dtype for an element type of ONNX, for instance `tensor(float)`."""
    name = element_type.removeprefix("tensor(").removesuffix(")")
    return np.dtype(_DTYPES.get(name, name))
