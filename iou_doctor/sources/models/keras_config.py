"""What the configuration of a Keras model would run when it is loaded or called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LAMBDAS = {"Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"}
LOADERS = {"TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
"""Layers that load another model from a path, or unpickle one."""
MODELLING = {
    *("layers", "models", "activations", "initializers", "regularizers", "constraints", "losses"),
    *("metrics", "optimizers", "dtype_policies", "quantizers", "ops", "engine", "legacy"),
}
"""Parts of Keras that describe models. Others fetch files from the network, for instance."""
OWN_PACKAGES = {"keras", "Keras", "keras_hub", "keras_cv", "keras_nlp"}


def unsafe_layers(config: Any) -> tuple[str, ...]:
    """Return what is unsafe in a model's configuration, sorted: layers, functions, modules."""
    return tuple(sorted(set(_found(config))))


def _found(config: Any) -> Iterator[str]:
    waiting = [config]  # a list: a hostile file may nest deeper than Python's stack
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, Mapping):
            yield from _in_entry(entry)
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def _in_entry(entry: Mapping[str, Any]) -> Iterator[str]:
    kind = entry.get("class_name")
    if not isinstance(kind, str):
        return
    inner = entry.get("config")
    name = inner.get("name") if isinstance(inner, Mapping) else None
    shown = f"{kind} layer `{name}`" if isinstance(name, str) else kind
    module, registered = entry.get("module"), entry.get("registered_name")
    if kind in LAMBDAS:
        yield f"{shown} with Python code"
    elif kind in LOADERS:
        yield f"{shown} that loads another model"
    elif isinstance(module, str) and not _describes_models(module):
        yield f"{shown} of the module `{module}`"
    elif isinstance(registered, str) and _package(registered) not in OWN_PACKAGES:
        yield f"{shown} of the package `{_package(registered)}`"
    elif _package(kind) not in OWN_PACKAGES:
        yield f"{shown} of the package `{_package(kind)}`"
    vocabulary = inner.get("vocabulary") if isinstance(inner, Mapping) else None
    if isinstance(vocabulary, str):
        yield f"{shown} that reads the file `{vocabulary}`"


def _describes_models(module: str) -> bool:
    package, *parts = module.split(".")
    if package == "builtins":
        return True  # Keras looks such a name up among its own functions
    if package in OWN_PACKAGES - {"keras"}:
        return True
    inside = [part for part in parts if part != "src"]
    return package == "keras" and (not inside or inside[0] in MODELLING)


def _package(registered: str) -> str:
    """Return the package of `package>name`; Keras' own for a bare name."""
    package, separator, _ = registered.partition(">")
    return package if separator else "keras"
