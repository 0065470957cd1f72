"""The IoU metrics of Keras 3 and tf-keras, and the call that makes one of them."""

from __future__ import annotations

from typing import Any

LIBRARIES = ("keras", "tf_keras")
KINDS = ("MeanIoU", "OneHotMeanIoU", "OneHotIoU", "BinaryIoU", "IoU")
"""Names of the classes in their `metrics`."""
DEFAULTS = {"ignore_class": None, "sparse_y_true": True, "sparse_y_pred": True, "axis": -1}


def library_of(cls: type) -> str:
    """Return the name of the package that defines a class."""
    return cls.__module__.partition(".")[0]


def kind_of(metric: object) -> type | None:
    """Return the class of `keras.metrics` that a metric is of, itself or by inheritance."""
    mro = type(metric).__mro__
    return next((c for c in mro if c.__name__ in KINDS and library_of(c) in LIBRARIES), None)


def call_of(metric: Any) -> str:
    """Return the call that makes such a metric: what differs from the defaults is written out."""
    kind = kind_of(metric)
    if kind is None:
        raise TypeError(f"{metric!r} is no IoU metric of keras.metrics")
    name = kind.__name__
    if name == "BinaryIoU":
        ids = list(metric.target_class_ids)
        arguments = [f"target_class_ids={ids}", f"threshold={float(metric.threshold):g}"]
    else:
        arguments = [f"num_classes={metric.num_classes}"]
        if name in {"IoU", "OneHotIoU"}:
            arguments.append(f"target_class_ids={[int(i) for i in metric.target_class_ids]}")
        arguments += _flags(name, metric)
    return f"{library_of(kind)}.metrics.{name}({', '.join(arguments)})"


def _flags(name: str, metric: Any) -> list[str]:
    defaults: dict[str, Any] = dict(DEFAULTS)
    if name in {"OneHotMeanIoU", "OneHotIoU"}:
        del defaults["sparse_y_true"]  # always one-hot
        defaults["sparse_y_pred"] = False
    values = {flag: getattr(metric, flag) for flag in defaults}
    return [f"{flag}={value}" for flag, value in values.items() if value != defaults[flag]]
