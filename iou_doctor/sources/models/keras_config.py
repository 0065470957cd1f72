"""Finds the parts of a Keras model's configuration that may run code or access files.

The configuration is read before the model is loaded. It lists layers, functions and modules by
name; Keras would import and call them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

LAMBDA_CLASSES = {"Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"}
"""Layers and functions that hold Python code or operations of TensorFlow."""
LOADING_CLASSES = {"TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
"""Layers that load another model from a path, or unpickle one."""
MODEL_PACKAGES = {
    *("layers", "models", "activations", "initializers", "regularizers", "constraints", "losses"),
    *("metrics", "optimizers", "dtype_policies", "quantizers", "ops", "engine", "legacy"),
}
"""Packages of Keras that describe models. Others may, for instance, download files."""
KERAS_PACKAGES = {"keras", "Keras", "keras_hub", "keras_cv", "keras_nlp"}
"""The libraries of the Keras team, and the name that Keras 2 registered its own layers under."""


def list_unsafe_layers(config: object) -> tuple[str, ...]:
    """Return the unsafe layers, functions and modules in a configuration, described and sorted.

    Args:
        config: the configuration, as `json.loads` returns it.
    """
    return tuple(sorted(set(_find_unsafe(config))))


def _find_unsafe(config: object) -> Iterator[str]:
    waiting = [config]  # no recursion: a malicious file may nest deeper than Python's stack
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, Mapping):
            yield from _check_entry(entry)
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def _check_entry(entry: Mapping[str, object]) -> Iterator[str]:
    """Yield what is unsafe in one serialised object, without those nested in it."""
    kind = entry.get("class_name")
    if not isinstance(kind, str):
        return
    inner = entry.get("config")
    name = inner.get("name") if isinstance(inner, Mapping) else None
    what = f"{kind} layer `{name}`" if isinstance(name, str) else kind
    module, registered = entry.get("module"), entry.get("registered_name")
    if kind in LAMBDA_CLASSES:
        yield f"{what} with Python code"
    elif kind in LOADING_CLASSES:
        yield f"{what} that loads another model"
    elif isinstance(module, str) and not _describes_models(module):
        yield f"{what} of the module `{module}`"
    elif isinstance(registered, str) and _get_package(registered) not in KERAS_PACKAGES:
        yield f"{what} of the package `{_get_package(registered)}`"
    elif _get_package(kind) not in KERAS_PACKAGES:
        yield f"{what} of the package `{_get_package(kind)}`"
    vocabulary = inner.get("vocabulary") if isinstance(inner, Mapping) else None
    if isinstance(vocabulary, str):
        yield f"{what} that reads the file `{vocabulary}`"


def _describes_models(module: str) -> bool:
    """Return whether a module only describes models, according to its name."""
    package, *parts = module.split(".")
    if package == "builtins":
        return True  # Keras looks such a name up among its own functions
    if package in KERAS_PACKAGES - {"keras"}:
        return True
    inside = [part for part in parts if part != "src"]
    return package == "keras" and (not inside or inside[0] in MODEL_PACKAGES)


def _get_package(registered: str) -> str:
    """Return the package of a registered name `package>name`; without one it is Keras."""
    package, separator, _ = registered.partition(">")
    return package if separator else "keras"
