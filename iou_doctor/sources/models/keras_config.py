"""Finds the parts of a Keras model's configuration that may run code or access files.

The configuration is read before the model is loaded. It lists layers, functions and modules by
name; Keras would import and call them. What is not on the list of `keras_objects.json` is unsafe.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files

from iou_doctor.record import record

LAMBDA_CLASSES = {"Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"}
"""Layers and functions that hold Python code or operations of TensorFlow."""
LOADING_CLASSES = {"TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
"""Layers that load another model from a path, or unpickle one."""
VALUE_CLASSES = {
    *("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"),
    *("__tuple__", "TensorShape"),
}
"""What stands for plain values in a configuration."""
MODEL_PACKAGES = {
    *("layers", "models", "activations", "initializers", "regularizers", "constraints", "losses"),
    *("metrics", "optimizers", "dtype_policies", "quantizers", "ops", "random", "engine", "legacy"),
    *("mixed_precision", "applications"),
}
"""Packages of Keras that describe models. Others may, for instance, download files."""
LIBRARIES = {"keras_hub", "keras_cv", "keras_nlp"}
"""Libraries of networks by the Keras team. Their layers and models compute and nothing else."""
LIBRARY_PACKAGES = {"layers", "models"}
READERS = ("Tokenizer", "Preprocessor", "Converter", "Detokenizer")
"""Endings of the classes in these libraries that may read files."""
KERAS_PACKAGES = {"keras", "Keras", *LIBRARIES}
"""These libraries, and the name that Keras 2 registered its own layers under."""
FUNCTION_KEYS = {"activation", "recurrent_activation"}
"""Settings that name a function."""
WIDTHS = {
    *("units", "filters", "output_dim", "num_heads", "key_dim", "value_dim", "depth_multiplier"),
    *("intermediate_dim", "projection_dim", "hidden_dim", "num_query_heads"),
}
"""Settings that say how many channels a layer has."""
LARGEST_WIDTH = 1 << 20
"""The maximum number of channels. No network has as many, and the weights might fill the memory."""


@record
class _Names:
    """The names that a configuration may hold."""

    classes: frozenset[str]
    functions: frozenset[str]


def list_unsafe_layers(config: object) -> tuple[str, ...]:
    """Return the unsafe layers, functions and modules in a configuration, described and sorted.

    Args:
        config: the configuration, as `json.loads` returns it.
    """
    if isinstance(config, Mapping):  # how it was compiled is ignored: it is not trained
        config = {key: value for key, value in config.items() if key != "compile_config"}
    return tuple(sorted(set(_find_unsafe(config, _load_names()))))


def _load_names() -> _Names:
    text = files(__package__).joinpath("keras_objects.json").read_text(encoding="utf-8")
    listed = json.loads(text)
    classes = (name for group in listed["classes"].values() for name in group)
    return _Names(frozenset(classes) | VALUE_CLASSES, frozenset(listed["functions"]))


def _find_unsafe(config: object, names: _Names) -> Iterator[str]:
    waiting = [config]  # no recursion: a malicious file may nest deeper than Python's stack
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, Mapping):
            if "class_name" in entry:
                yield from _check_object(entry, names)
            yield from _check_settings(entry, names)
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def _check_object(entry: Mapping[str, object], names: _Names) -> Iterator[str]:
    """Yield what is unsafe in one serialised object, without those nested in it."""
    kind, inner = entry["class_name"], entry.get("config")
    origin = (entry.get(key, "") for key in ("module", "registered_name"))
    if not isinstance(kind, str) or any(not isinstance(one, str | None) for one in origin):
        yield "a class whose name or module is no text"
        return
    name = inner.get("name") if isinstance(inner, Mapping) else None
    what = f"{kind} layer `{name}`" if isinstance(name, str) else kind
    if kind in LAMBDA_CLASSES:
        yield f"{what} with Python code"
    elif kind in LOADING_CLASSES:
        yield f"{what} that loads another model"
    elif kind == "function":
        yield from _check_function(entry, names)
    elif (package := _find_foreign_package(entry, kind)) is not None:
        yield f"{what} of the {package}"
    elif not _is_of_library(entry) and _get_name(kind) not in names.classes:
        yield f"{what}, which iou-doctor does not know"


def _check_function(entry: Mapping[str, object], names: _Names) -> Iterator[str]:
    """Yield a function unless it is one that Keras itself uses in layers."""
    name, module = entry.get("config"), entry.get("module")
    if isinstance(module, str) and not _describes_models(module):
        yield f"function of the module `{module}`"
    elif not isinstance(name, str) or name not in names.functions:
        yield f"the function `{name}`"


def _find_foreign_package(entry: Mapping[str, object], kind: str) -> str | None:
    """Return the module or package of an object that is not part of Keras, described."""
    module, registered = entry.get("module"), entry.get("registered_name")
    if isinstance(module, str) and not _describes_models(module):
        return f"module `{module}`"
    if _is_of_library(entry) and kind.endswith(READERS):
        return f"module `{module}`, which may read files"
    for label in (registered, kind):
        if isinstance(label, str) and _get_package(label) not in KERAS_PACKAGES:
            return f"package `{_get_package(label)}`"
    if isinstance(registered, str) and _get_name(registered) != _get_name(kind):
        return f"registered name `{registered}`"
    return None


def _check_settings(entry: Mapping[str, object], names: _Names) -> Iterator[str]:
    """Yield settings of one layer that name files or unknown functions, or that are too large."""
    name = entry.get("name")
    of = f" of the layer `{name}`" if isinstance(name, str) else ""
    for key in FUNCTION_KEYS & entry.keys():
        value = entry[key]
        named = isinstance(value, str) and value in names.functions | names.classes
        if value is not None and not isinstance(value, Mapping) and not named:
            yield f"the {key} `{value}`{of}"
    for key in WIDTHS & entry.keys():
        value = entry[key]
        if isinstance(value, int | float) and value > LARGEST_WIDTH:
            yield f"{key} = {value:.0f}{of}"
    vocabulary = entry.get("vocabulary")
    if isinstance(vocabulary, str):
        yield f"vocabulary{of} that reads the file `{vocabulary}`"
    elif isinstance(vocabulary, Mapping):
        yield f"vocabulary{of} that is no list of words"


def _describes_models(module: str) -> bool:
    """Return whether a module only describes models, according to its name."""
    package, *parts = module.split(".")
    if package == "builtins":
        return True  # Keras looks such a name up among its own functions
    inside = [part for part in parts if part != "src"]
    if package in LIBRARIES:
        return bool(inside) and inside[0] in LIBRARY_PACKAGES
    return package == "keras" and (not inside or inside[0] in MODEL_PACKAGES)


def _is_of_library(entry: Mapping[str, object]) -> bool:
    """Return whether an object is part of a library of networks, and not of Keras itself."""
    module = entry.get("module")
    return isinstance(module, str) and module.partition(".")[0] in LIBRARIES


def _get_package(registered: str) -> str:
    """Return the package of a registered name `package>name`; without one it is Keras."""
    package, separator, _ = registered.partition(">")
    return package if separator else "keras"


def _get_name(registered: str) -> str:
    """Return the name in a registered name `package>name`."""
    return registered.rpartition(">")[2]
