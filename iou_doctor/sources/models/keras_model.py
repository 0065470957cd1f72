"""Keras models in `.keras` files and legacy `.h5` files, loaded in safe mode and not compiled."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.model import Activation, ModelOptions
from iou_doctor.arrays.source import ArrayOrTensor
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.files.file_status import read_file_head
from iou_doctor.sources.models.keras_archive import list_unsafe_members, list_unsafe_weights
from iou_doctor.sources.models.keras_config import list_unsafe_layers
from iou_doctor.sources.models.runner import (
    Runner,
    choose_name,
    refuse_signature,
    require_single_input,
    unsafe_model_error,
)
from iou_doctor.sources.models.saved_model.load import quiet_tensorflow
from iou_doctor.sources.source_errors import LONGEST_DETAIL, source_error, translate_errors

if TYPE_CHECKING:
    from keras import KerasTensor, Layer, Model

_KIND = "Keras model"
SCALING_LAYERS = frozenset({"Normalization", "Rescaling"})
"""The layers of Keras by which a model scales pixel values itself."""
_LARGEST_CONFIG = 1 << 28
"""The maximum size of a configuration in bytes. No network needs as much, but a zip bomb does."""
_PASSING_LAYERS = {"UpSampling2D", "Resizing", "Reshape", "Permute", "Cropping2D", "ZeroPadding2D"}
"""Layers after which the output still has the activation of the layer before."""
_DAMAGED = "it is not a Keras model, or it is damaged; save it again with `model.save`"


@record
class _Config:
    """What a file says about the model in it."""

    layers: object
    """The configuration, as `json.loads` returns it."""
    version: str
    """The version of Keras that wrote the file."""
    unsafe: tuple[str, ...]
    """Parts of the file that lead to other files."""


def is_keras_hdf5(path: str) -> bool:
    """Return whether an HDF5 file holds a whole Keras model, and not only data or weights.

    Raises:
        SourceError: the file is damaged.
    """
    if not h5py.is_hdf5(path):
        return False
    with translate_errors(path, Exception, why=_DAMAGED), h5py.File(path, "r") as file:
        return "model_config" in file.attrs and "model_weights" in file


def load(path: str, options: ModelOptions) -> Runner:
    """Return the model in a `.keras` or `.h5` file; its configuration is checked before.

    Raises:
        SourceError: it cannot be loaded, holds code or foreign layers, or does not have the output
            that was named.
    """
    read_file_head(path)
    refuse_signature(path, _KIND, options.signature)
    config = _read_config(path)
    unsafe = (*list_unsafe_layers(config.layers), *config.unsafe)
    if unsafe and not options.trusted:
        raise unsafe_model_error(path, unsafe)
    quiet_tensorflow()
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=not options.trusted)
    except Exception as error:  # a layer may raise anything
        raise _loading_error(path, config.version, keras.__version__, error) from error
    return build_runner(path, model, options, unsafe)


def build_runner(
    path: str, model: Model, options: ModelOptions, unsafe: tuple[str, ...] = ()
) -> Runner:
    """Return a Keras model with one output chosen.

    Args:
        path: what to call it.
        model: a model with known inputs and outputs.
        options: which output to take.
        unsafe: layers that the user trusts.

    Raises:
        SourceError: it was never built, has several inputs, or does not have the output that was
            named.
    """
    import keras

    model_input = _find_input(path, model)
    outputs = _name_outputs(model)
    name = choose_name(path, "output", "--output-name", [*outputs], options.output_name)
    place = [*outputs].index(name)

    def run(images: StoredArray) -> ArrayOrTensor:
        scores: ArrayOrTensor = keras.tree.flatten(_predict(model, images))[place]
        return scores

    return Runner(
        _KIND,
        run,
        tuple(model_input.shape),
        np.dtype(keras.backend.standardize_dtype(model_input.dtype)),
        name,
        outputs={key: tuple(tensor.shape) for key, tensor in outputs.items()},
        activation=_find_activation(outputs[name]),
        unsafe=unsafe,
        scaling_layer=_find_scaling_layer(model),
    )


def _find_scaling_layer(model: Model) -> str | None:
    """Return the name of the first layer, also of a model inside, that scales pixel values."""
    for layer in model.layers:
        if type(layer).__name__ in SCALING_LAYERS:
            return str(layer.name)
        if getattr(layer, "layers", None) and (inner := _find_scaling_layer(layer)):
            return inner
    return None


def _predict(model: Model, images: StoredArray) -> object:
    """Return what `predict_on_batch` returns, but left on the device where it was computed."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch(images)
    model.make_predict_function()
    return model.predict_function([(images,)])


def _read_config(path: str) -> _Config:
    # hostile files make h5py and zipfile raise many kinds of errors
    with translate_errors(path, Exception, why=_DAMAGED):
        if Path(path).suffix.lower() != ".keras":
            unsafe = list_unsafe_weights(path, Path(path).stat().st_size)
            with h5py.File(path, "r") as file:
                version = file.attrs.get("keras_version", "an unknown version")
                config = json.loads(file.attrs["model_config"])
            return _Config(config, _decode(version), unsafe)
        with zipfile.ZipFile(path) as archive:
            metadata = _read_json(archive, "metadata.json")
            config = _read_json(archive, "config.json")
            unsafe = list_unsafe_members(archive)
            return _Config(config, str(metadata.get("keras_version")), unsafe)


def _read_json(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > _LARGEST_CONFIG:
        raise ValueError(f"its {name} is larger than that of any model")
    return json.loads(archive.read(name))


def _decode(text: object) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _loading_error(path: str, written_by: str, installed: str, error: Exception) -> SourceError:
    detail = " ".join(str(error).split())[:LONGEST_DETAIL] or type(error).__name__
    why = f"Keras {installed} cannot load it ({detail}…)"
    if written_by.split(".")[:2] != installed.split(".")[:2]:
        why = f"Keras {written_by} wrote it, and Keras {installed} cannot load it ({detail}…)"
    return source_error(
        path,
        f"{why}; load it where it was trained, and give the folder that `model.export` writes",
    )


def _find_input(path: str, model: Model) -> KerasTensor:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise source_error(path, "it was saved before it was built; call it once and save it again")
    require_single_input(path, [str(tensor.name) for tensor in inputs])
    return inputs[0]


def _name_outputs(model: Model) -> dict[str, KerasTensor]:
    """Return the outputs in order, by the names of the layers that compute them.

    If two outputs come from layers of the same name, they are named by their numbers.
    """
    names = [_find_layer(tensor).name for tensor in model.outputs]
    if len(set(names)) != len(model.outputs):
        names = [f"output_{number}" for number in range(len(model.outputs))]
    return dict(zip(names, model.outputs, strict=True))


def _find_layer(tensor: KerasTensor) -> Layer:
    """Return the layer that computes a symbolic tensor; Keras has no public name for it."""
    return tensor._keras_history.operation


def _get_activation_name(layer: Layer) -> str:
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))


def _passes_activation(layer: Layer) -> bool:
    """Return whether a layer's output still has the activation of the layer before."""
    kind = type(layer).__name__
    # a model in mixed precision ends in a linear activation, which casts to float32
    is_cast = kind == "Activation" and _get_activation_name(layer) == "linear"
    return is_cast or kind in _PASSING_LAYERS


def _find_activation(tensor: KerasTensor) -> Activation | None:
    """Return the last activation before an output; `None` if it is none of the known ones."""
    layer = _find_layer(tensor)
    while _passes_activation(layer) and layer._inbound_nodes:
        layer = _find_layer(layer._inbound_nodes[0].input_tensors[0])
    kind = type(layer).__name__
    place = f"{kind} layer `{layer.name}`"
    if kind == "Softmax":
        return Activation("softmax", place)
    name = _get_activation_name(layer)
    return Activation(name, place) if name in ("softmax", "sigmoid", "linear") else None
