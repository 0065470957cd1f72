"""SavedModels: a signature is called, or the model itself where it has none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.model import ModelOptions, Shape
from iou_doctor.sources.memory.anywhere import Values, is_tensorflow
from iou_doctor.sources.models.runner import Runner, choose, only_input, unsafe_refusal
from iou_doctor.sources.refusals import refusal, refusing

KIND = "SavedModel"
_DEFAULT = "serving_default"
_DAMAGED = "it is no SavedModel, or a damaged one; save or copy the whole folder again"


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in a SavedModel's folder; its graph is read before it is loaded.

    Raises:
        SourceError: it cannot be loaded, has operations that touch files, network or Python, or
            has not the signature or output that was named.
    """
    quiet_tensorflow()
    from iou_doctor.sources.models.saved_model_graph import read_graph, unsafe_operations

    file = Path(path) / "saved_model.pb"
    if not file.exists():
        raise refusal(path, "it is a SavedModel as text; save it as saved_model.pb")
    with refusing(path, Exception, why=_DAMAGED):
        graph = read_graph(file.read_bytes())
        unsafe = unsafe_operations(graph)
    if unsafe and not options.trusted:
        raise unsafe_refusal(path, unsafe)
    import tensorflow as tf

    with refusing(path, Exception, why=_DAMAGED):
        model = tf.saved_model.load(path)
    return runner_of(path, model, options, graph, unsafe)


def runner_of(
    path: str, model: Any, options: ModelOptions, graph: Any = None, unsafe: tuple[str, ...] = ()
) -> Runner:
    """Return a loaded SavedModel with one signature and one output chosen.

    Args:
        path: what to call it.
        model: what `tf.saved_model.load` returned.
        options: which signature and output.
        graph: what `saved_model.pb` says; `None`: unknown.
        unsafe: operations that the user trusts.

    Raises:
        SourceError: it has not the signature or output that was named, or several.
    """
    if not model.signatures:
        return _called(path, model, options, unsafe)
    import tensorflow as tf

    from iou_doctor.sources.models.saved_model_graph import activation_of

    names = sorted(model.signatures)
    default = _DEFAULT if _DEFAULT in names else None
    name = choose(path, "signature", "--signature", names, options.signature or default)
    function = model.signatures[name]
    inputs = function.structured_input_signature[1]
    given = only_input(path, sorted(inputs))
    outputs = function.structured_outputs
    output = choose(path, "output", "--output-name", sorted(outputs), options.output_name)

    def run(images: NDArray[Any]) -> Values:
        return function(**{given: tf.constant(images)})[output]

    return Runner(
        KIND,
        run,
        _shape(inputs[given]),
        np.dtype(inputs[given].dtype.as_numpy_dtype),
        output,
        outputs={key: _shape(outputs[key]) for key in sorted(outputs)},
        activation=None if graph is None else activation_of(graph, name, output),
        unsafe=unsafe,
    )


def _called(path: str, model: Any, options: ModelOptions, unsafe: tuple[str, ...]) -> Runner:
    """Return a model without signatures as a function of images."""
    import tensorflow as tf

    if options.signature:
        raise refusal(path, f"it has no signatures; drop `--signature {options.signature}`")
    # what was never traced was not saved
    traced = model.__call__.concrete_functions if callable(model) else ()
    if not traced:
        raise refusal(
            path,
            "it has no signatures and cannot be called; save it with"
            " `tf.saved_model.save(model, path, signatures=…)` or `model.export(path)`",
        )
    positional, _ = traced[0].structured_input_signature
    outputs = named(traced[0].structured_outputs)
    output = choose(path, "output", "--output-name", [*outputs], options.output_name)
    only_input(path, [str(spec.name) for spec in positional if isinstance(spec, tf.TensorSpec)])

    def run(images: NDArray[Any]) -> Values:
        return named(model(tf.constant(images)))[output]

    return Runner(
        KIND,
        run,
        _shape(positional[0]),
        np.dtype(positional[0].dtype.as_numpy_dtype),
        output,
        outputs={key: _shape(spec) for key, spec in outputs.items()},
        unsafe=unsafe,
    )


def named(outputs: Any) -> Mapping[str, Any]:
    """Return outputs by name; those of a list by number."""
    if isinstance(outputs, Mapping):
        return {str(key): outputs[key] for key in sorted(outputs)}
    if isinstance(outputs, list | tuple):
        return {f"output_{number}": value for number, value in enumerate(outputs)}
    return {"output_0": outputs}


def _shape(spec: Any) -> Shape | None:
    shape = getattr(spec, "shape", None)
    return None if shape is None or shape.rank is None else tuple(shape.as_list())


def quiet_tensorflow() -> None:
    """Keep TensorFlow's remarks on processors off stderr, unless the user wants them."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def resized(images: Values, size: tuple[int, int], *, nearest: bool = False) -> Values:
    """Return (n, height, width, channels) images in another size, as `tf.image.resize` does it.

    Bilinear ones are float32; nearest ones keep their type. A tensor gives a tensor.
    """
    import tensorflow as tf

    method = "nearest" if nearest else "bilinear"
    made = tf.image.resize(images, size, method=method)
    return made if is_tensorflow(images) else np.asarray(made)
