"""Keras models in `.keras` files and legacy `.h5` files, loaded in safe mode and not compiled."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.model import Activation, ModelOptions
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.file_status import file_head
from iou_doctor.sources.memory.anywhere import Values
from iou_doctor.sources.models.keras_config import unsafe_layers
from iou_doctor.sources.models.runner import (
    Runner,
    choose,
    no_signatures,
    only_input,
    unsafe_refusal,
)
from iou_doctor.sources.models.saved_model import quiet_tensorflow
from iou_doctor.sources.refusals import refusal, refusing

KIND = "Keras model"
_LARGEST_CONFIG = 1 << 28  # bytes: no network's description is as long, a zip bomb's is
_KEEPING = {"UpSampling2D", "Resizing", "Reshape", "Permute", "Cropping2D", "ZeroPadding2D"}
"""Layers through which an activation is still one."""
_DAMAGED = "it is no Keras model, or a damaged one; save it again with `model.save`"


def is_keras_h5(path: str) -> bool:
    """Return whether an HDF5 file holds a whole Keras model, not only data or weights."""
    if not h5py.is_hdf5(path):
        return False
    with refusing(path, OSError, RuntimeError, why=_DAMAGED), h5py.File(path, "r") as file:
        return "model_config" in file.attrs and "model_weights" in file


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in a `.keras` or `.h5` file; its configuration is read before.

    Raises:
        SourceError: it cannot be loaded, holds code or foreign layers, or has not the output that
            was named.
    """
    file_head(path)
    no_signatures(path, KIND, options.signature)
    config, version = _described(path)
    unsafe = unsafe_layers(config)
    if unsafe and not options.trusted:
        raise unsafe_refusal(path, unsafe)
    quiet_tensorflow()
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=not options.trusted)
    except Exception as error:  # whatever its layers raise
        raise _not_loaded(path, version, keras.__version__, error) from error
    return runner_of(path, model, options, unsafe)


def runner_of(path: str, model: Any, options: ModelOptions, unsafe: tuple[str, ...] = ()) -> Runner:
    """Return a model of Keras with one output chosen.

    Args:
        path: what to call it.
        model: a model with known inputs and outputs.
        options: which output.
        unsafe: layers that the user trusts.

    Raises:
        SourceError: it was never built, has several inputs, or not the output that was named.
    """
    import keras

    given = _input(path, model)
    outputs = _outputs(model)
    name = choose(path, "output", "--output-name", [*outputs], options.output_name)
    place = [*outputs].index(name)

    def run(images: NDArray[Any]) -> Values:
        return keras.tree.flatten(_predicted(model, images))[place]

    return Runner(
        KIND,
        run,
        tuple(given.shape),
        np.dtype(keras.backend.standardize_dtype(given.dtype)),
        name,
        outputs={key: tuple(tensor.shape) for key, tensor in outputs.items()},
        activation=_activation(outputs[name]),
        unsafe=unsafe,
    )


def _predicted(model: Any, images: NDArray[Any]) -> Any:
    """Return what `predict_on_batch` returns, but where it was computed."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch(images)
    model.make_predict_function()
    return model.predict_function([(images,)])


def _described(path: str) -> tuple[Any, str]:
    """Return the configuration of the model, and the version of Keras that wrote it."""
    with refusing(
        path, OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, why=_DAMAGED
    ):
        if Path(path).suffix.lower() != ".keras":
            with h5py.File(path, "r") as file:
                version = file.attrs.get("keras_version", "an unknown version")
                return json.loads(file.attrs["model_config"]), _text(version)
        with zipfile.ZipFile(path) as archive:
            config = _member(archive, "config.json")
            return config, str(_member(archive, "metadata.json").get("keras_version"))


def _member(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > _LARGEST_CONFIG:
        raise ValueError(f"its {name} is larger than that of any model")
    return json.loads(archive.read(name))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _not_loaded(path: str, written: str, here: str, error: Exception) -> SourceError:
    detail = " ".join(str(error).split())[:160] or type(error).__name__
    why = f"Keras {here} cannot load it ({detail}…)"
    if written.split(".")[:2] != here.split(".")[:2]:
        why = f"Keras {written} wrote it, and Keras {here} cannot load it ({detail}…)"
    return refusal(
        path,
        f"{why}; load it where it was trained, and give the folder that `model.export` writes",
    )


def _input(path: str, model: Any) -> Any:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise refusal(path, "it was saved before it was built; call it once and save it again")
    only_input(path, [str(tensor.name) for tensor in inputs])
    return inputs[0]


def _outputs(model: Any) -> dict[str, Any]:
    """Return the outputs in order, by the names of the layers they come from."""
    names = [_layer_of(tensor).name for tensor in model.outputs]
    if len(set(names)) != len(model.outputs):
        names = [f"output_{number}" for number in range(len(model.outputs))]
    return dict(zip(names, model.outputs, strict=True))


def _layer_of(tensor: Any) -> Any:
    return tensor._keras_history.operation


def _activation_name(layer: Any) -> str:
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))


def _keeps(layer: Any) -> bool:
    """Return whether what the layer gets is still in what it gives."""
    kind = type(layer).__name__
    # the end of a model in mixed precision: a cast to float32
    return kind in _KEEPING or (kind == "Activation" and _activation_name(layer) == "linear")


def _activation(tensor: Any) -> Activation | None:
    """Return what the layer does last that an output comes from."""
    layer = _layer_of(tensor)
    while _keeps(layer) and layer._inbound_nodes:
        layer = _layer_of(layer._inbound_nodes[0].input_tensors[0])
    kind = type(layer).__name__
    place = f"{kind} layer `{layer.name}`"
    if kind == "Softmax":
        return Activation("softmax", place)
    name = _activation_name(layer)
    return Activation(name, place) if name in ("softmax", "sigmoid", "linear") else None
