"""The IoU metrics of Keras, and the call that makes one of them."""

from __future__ import annotations

from typing import Any

import keras

KINDS: tuple[type, ...] = (
    keras.metrics.MeanIoU,
    keras.metrics.OneHotMeanIoU,
    keras.metrics.OneHotIoU,
    keras.metrics.BinaryIoU,
    keras.metrics.IoU,
)
DEFAULTS = {"ignore_class": None, "sparse_y_true": True, "sparse_y_pred": True, "axis": -1}


def kind_of(metric: object) -> type | None:
    """Return the class of `keras.metrics` that a metric is of, itself or by inheritance."""
    return next((cls for cls in type(metric).__mro__ if cls in KINDS), None)


def call_of(metric: Any) -> str:
    """Return the call that makes such a metric: what differs from the defaults is written out."""
    kind = kind_of(metric)
    if kind is None:
        raise TypeError(f"{metric!r} is no IoU metric of keras.metrics")
    if kind is keras.metrics.BinaryIoU:
        ids = list(metric.target_class_ids)
        arguments = [f"target_class_ids={ids}", f"threshold={float(metric.threshold):g}"]
    else:
        arguments = [f"num_classes={metric.num_classes}"]
        if kind in {keras.metrics.IoU, keras.metrics.OneHotIoU}:
            arguments.append(f"target_class_ids={[int(i) for i in metric.target_class_ids]}")
        arguments += _flags(kind, metric)
    return f"keras.metrics.{kind.__name__}({', '.join(arguments)})"


def _flags(kind: type, metric: Any) -> list[str]:
    defaults: dict[str, Any] = dict(DEFAULTS)
    if kind in {keras.metrics.OneHotMeanIoU, keras.metrics.OneHotIoU}:
        del defaults["sparse_y_true"]  # always one-hot
        defaults["sparse_y_pred"] = False
    values = {name: getattr(metric, name) for name in defaults}
    return [f"{name}={value}" for name, value in values.items() if value != defaults[name]]
