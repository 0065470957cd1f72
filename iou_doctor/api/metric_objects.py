"""Turn the metric objects, classes and functions of Python users into calls.

A metric is only described: neither it nor any other code of the user runs, apart from
`get_config` of a metric of Keras itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.metrics.metric import Signature

_HIDDEN = ("src", "python")
"""Folders of libraries that are not part of a public name."""
MOST_SHOWN = 60
"""The number of characters of a wrong value that a message shows."""
_KERAS = ("keras", "tf_keras")


def describe_metric(metric: object) -> str | None:
    """Return a metric as its call in code.

    Args:
        metric: a call in a string, which is returned as it is; a metric object of Keras,
            torchmetrics or another library that `--metric` knows; its class; or a function of such
            a library, also as a `functools.partial`.

    Raises:
        UsageError: it is of no known library, or of a class of the user's own.
    """
    if isinstance(metric, (list, tuple)) and len(metric) == 1:  # as in `metrics=[…]`
        metric = metric[0]
    if metric is None or isinstance(metric, str):
        return metric
    if isinstance(metric, partial):
        signature = _find_signature(metric.func)
        return _write_call(signature.name, metric.keywords, signature)
    if isinstance(metric, type) or inspect.isroutine(metric):
        return _find_signature(metric).name
    if type(metric).__module__ == "builtins":
        raise _refuse(repr(metric)[:MOST_SHOWN])
    signature = _find_signature(type(metric))
    return _write_call(signature.name, _read_configuration(metric, signature), signature)


def _find_signature(definition: Any) -> Signature:
    """Return the signature of a class or function.

    Raises:
        UsageError: there is none.
    """
    from iou_doctor.metrics.registry import list_signatures

    known = {signature.name: signature for signature in list_signatures()}
    for name in _list_public_names(definition):
        if name in known:
            return known[name]
    own = getattr(definition, "__name__", repr(definition))
    for base in getattr(definition, "__mro__", ())[1:]:
        for name in _list_public_names(base):
            if name in known:
                raise UsageError(
                    f"metric={own}: this is a class of your own, and iou-doctor runs no metric; if"
                    f" it computes the same as its base, pass that as text, metric='{name}(…)'"
                )
    raise _refuse(own)


def _refuse(shown: str) -> UsageError:
    return UsageError(
        f"metric={shown}: iou-doctor does not know this metric; pass the call as text, for instance"
        " metric='keras.metrics.MeanIoU(num_classes=3)'"
    )


def _list_public_names(definition: Any) -> Iterable[str]:
    """Yield the full names by which a class or function may be known, the longest first."""
    module = [part for part in str(definition.__module__).split(".") if part not in _HIDDEN]
    for length in range(len(module), 0, -1):
        yield ".".join([*module[:length], definition.__name__])


def _read_configuration(metric: Any, signature: Signature) -> Mapping[str, object]:
    """Return the values of the parameters that the object holds."""
    if signature.root in _KERAS:
        return dict(metric.get_config())
    found: dict[str, object] = {}
    for name in signature.parameters:
        for attribute in (name, f"_{name}"):
            if hasattr(metric, attribute):
                found[name] = getattr(metric, attribute)
                break
    return found


def _write_call(name: str, configuration: Mapping[str, object], signature: Signature) -> str:
    """Return the call with the arguments that differ from their defaults."""
    arguments = [
        f"{parameter}={_simplify(configuration[parameter])!r}"
        for parameter, default in signature.parameters.items()
        if parameter in configuration
        and parameter not in signature.free
        and _says_something(parameter, _simplify(configuration[parameter]), default)
    ]
    return f"{name}({', '.join(arguments)})"


def _says_something(parameter: str, value: object, default: object) -> bool:
    if parameter in {"name", "validate_args"} or value is None:
        return False
    if parameter == "dtype":  # Keras reports its default, too
        return str(value).startswith(("float16", "bfloat16"))
    return value != _simplify(default)


def _simplify(value: Any) -> object:
    """Return plain numbers, strings, lists and names in place of a library's own."""
    if isinstance(value, (tuple, list)):
        return [_simplify(item) for item in value]
    if isinstance(value, Mapping) and "config" in value:  # a dtype policy of Keras
        return value["config"].get("name")
    if isinstance(value, str):
        return str.__str__(value) if type(value) is str else str(getattr(value, "value", value))
    if hasattr(value, "tolist"):  # of NumPy, and tensors of torchmetrics
        return value.tolist()
    return value
