"""SavedModels of TensorFlow: a signature is called, or the model itself if it has none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.model import ModelOptions, Shape
from iou_doctor.arrays.source import Tensor
from iou_doctor.sources.models.runner import (
    Runner,
    choose_name,
    name_outputs,
    require_single_input,
    unsafe_model_error,
)
from iou_doctor.sources.source_errors import source_error, translate_errors

if TYPE_CHECKING:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

_KIND = "SavedModel"
_DEFAULT_SIGNATURE = "serving_default"
"""The signature that TensorFlow Serving calls, and that Keras exports."""
_DAMAGED = "it is not a SavedModel, or it is damaged; save or copy the whole folder again"


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in the folder of a SavedModel; its graph is checked before it is loaded.

    Raises:
        SourceError: it cannot be loaded, has operations that access files, the network or Python,
            or does not have the signature or output that was named.
    """
    quiet_tensorflow()
    from iou_doctor.sources.models.saved_model.graph import read_graph
    from iou_doctor.sources.models.saved_model.safety import list_unsafe_operations

    file = Path(path) / "saved_model.pb"
    if not file.exists():
        raise source_error(path, "it is a SavedModel as text; save it as saved_model.pb")
    with translate_errors(path, Exception, why=_DAMAGED):
        graph = read_graph(file.read_bytes())
        unsafe = list_unsafe_operations(graph, Path(path))
    if unsafe and not options.trusted:
        raise unsafe_model_error(path, unsafe)
    import tensorflow as tf

    with translate_errors(path, Exception, why=_DAMAGED):
        model = tf.saved_model.load(path)
    return build_runner(path, model, options, graph, unsafe)


def build_runner(
    path: str,
    model: Any,
    options: ModelOptions,
    graph: SavedModel | None = None,
    unsafe: tuple[str, ...] = (),
) -> Runner:
    """Return a loaded SavedModel with one signature and one output chosen.

    Args:
        path: what to call it.
        model: what `tf.saved_model.load` returned.
        options: which signature and output to take.
        graph: the message in `saved_model.pb`; `None`: unknown.
        unsafe: operations that the user trusts.

    Raises:
        SourceError: it does not have the signature or output that was named, or there are several
            and none was named.
    """
    if not model.signatures:
        return _build_runner_without_signature(path, model, options, unsafe)
    import tensorflow as tf

    from iou_doctor.sources.models.saved_model.activation import find_activation

    names = sorted(model.signatures)
    default = _DEFAULT_SIGNATURE if _DEFAULT_SIGNATURE in names else None
    name = choose_name(path, "signature", "--signature", names, options.signature or default)
    function = model.signatures[name]
    inputs = function.structured_input_signature[1]
    input_name = require_single_input(path, sorted(inputs))
    outputs = function.structured_outputs
    output = choose_name(path, "output", "--output-name", sorted(outputs), options.output_name)

    def run(images: StoredArray) -> Tensor:
        scores: Tensor = function(**{input_name: tf.constant(images)})[output]
        return scores

    return Runner(
        _KIND,
        run,
        _read_shape(inputs[input_name]),
        np.dtype(inputs[input_name].dtype.as_numpy_dtype),
        output,
        outputs={key: _read_shape(outputs[key]) for key in sorted(outputs)},
        activation=None if graph is None else find_activation(graph, name, output),
        unsafe=unsafe,
    )


def _build_runner_without_signature(
    path: str, model: Any, options: ModelOptions, unsafe: tuple[str, ...]
) -> Runner:
    """Return a model without signatures, which is called itself."""
    import tensorflow as tf

    if options.signature:
        raise source_error(path, f"it has no signatures; drop `--signature {options.signature}`")
    # functions that were never traced were not saved
    traced = model.__call__.concrete_functions if callable(model) else ()
    if not traced:
        raise source_error(
            path,
            "it has no signatures and cannot be called; save it with"
            " `tf.saved_model.save(model, path, signatures=…)` or `model.export(path)`",
        )
    inputs, _ = traced[0].structured_input_signature
    outputs = name_outputs(traced[0].structured_outputs)
    output = choose_name(path, "output", "--output-name", [*outputs], options.output_name)
    names = [str(spec.name) for spec in inputs if isinstance(spec, tf.TensorSpec)]
    require_single_input(path, names)

    def run(images: StoredArray) -> Tensor:
        scores: Tensor = name_outputs(model(tf.constant(images)))[output]
        return scores

    return Runner(
        _KIND,
        run,
        _read_shape(inputs[0]),
        np.dtype(inputs[0].dtype.as_numpy_dtype),
        output,
        outputs={key: _read_shape(spec) for key, spec in outputs.items()},
        unsafe=unsafe,
    )


def _read_shape(spec: object) -> Shape | None:
    """Return the shape of a `tf.TensorSpec`; `None` if the rank is unknown."""
    shape = getattr(spec, "shape", None)
    return None if shape is None or shape.rank is None else tuple(shape.as_list())


def quiet_tensorflow() -> None:
    """Hide the messages about the processor that TensorFlow prints when it is imported.

    A level that the user has set in the environment is kept.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
