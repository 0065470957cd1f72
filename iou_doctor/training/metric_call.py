"""Write the call that makes an IoU metric of Keras 3 or tf-keras."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import cast

from iou_doctor.metrics.libraries.keras import WORKING_AXES
from iou_doctor.training.keras_types import IouMetric, Metric

LIBRARIES = ("keras", "tf_keras")
IOU_METRICS = ("MeanIoU", "OneHotMeanIoU", "OneHotIoU", "BinaryIoU", "IoU")
"""The names of the IoU metrics in `keras.metrics`."""
FLAG_DEFAULTS = {"ignore_class": None, "sparse_y_true": True, "sparse_y_pred": True, "axis": -1}
"""The flags of `MeanIoU` and `IoU` in Keras 3 and tf-keras, and their default values."""


Shape = Sequence[int | None] | None
"""A shape that may be known in part, or not at all."""


def find_iou_class(metric: object) -> type | None:
    """Return the class of `keras.metrics` that an IoU metric is an instance of.

    Args:
        metric: any object. For an instance of a user's subclass, the Keras class is returned.

    Returns:
        The class, or `None` if the object is not an IoU metric of Keras.
    """
    mro = type(metric).__mro__
    return next(
        (c for c in mro if c.__name__ in IOU_METRICS and _find_package(c) in LIBRARIES), None
    )


def write_call(metric: object) -> str:
    """Write the call that makes a metric, without the arguments that have their default value.

    Raises:
        TypeError: the object is not an IoU metric of Keras.
    """
    cls = find_iou_class(metric)
    if cls is None:
        raise TypeError(f"{metric!r} is not an IoU metric of keras.metrics")
    iou = cast(IouMetric, metric)
    if cls.__name__ == "BinaryIoU":
        arguments = [
            f"target_class_ids={list(iou.target_class_ids)}",
            f"threshold={float(iou.threshold):g}",
        ]
    else:
        arguments = [f"num_classes={iou.num_classes}"]
        if cls.__name__ in {"IoU", "OneHotIoU"}:
            arguments.append(f"target_class_ids={[int(i) for i in iou.target_class_ids]}")
        arguments += _write_flags(cls.__name__, metric)
    return f"{_find_package(cls)}.metrics.{cls.__name__}({', '.join(arguments)})"


def _find_package(cls: type) -> str:
    """Return the name of the top-level package that defines a class."""
    return cls.__module__.partition(".")[0]


def _write_flags(name: str, metric: object) -> list[str]:
    defaults: dict[str, object] = dict(FLAG_DEFAULTS)
    if name in {"OneHotMeanIoU", "OneHotIoU"}:
        del defaults["sparse_y_true"]  # these classes always read one-hot masks
        defaults["sparse_y_pred"] = False
    values = {flag: getattr(metric, flag) for flag in defaults}
    return [f"{flag}={value}" for flag, value in values.items() if value != defaults[flag]]


def update_outside(metric: object, y_true: object, y_pred: object) -> None:
    """Update a metric by the code of Keras alone, without that of a user's subclass."""
    cls = find_iou_class(metric)
    if cls is not None:
        cls.update_state(metric, y_true, y_pred)  # type: ignore[attr-defined]  # no types


def explain_error(metric: Metric, error: Exception) -> str | None:
    """Return why `result` of a metric raised an error, if that is its `axis`; else `None`."""
    axis = getattr(metric, "axis", -1)
    if axis in WORKING_AXES or "reduction dimension" not in str(error):
        return None
    return (
        f"metric {metric.name} cannot be used with axis={axis}: result() fails for every axis but"
        " -1 and 0 (keras issue 23667). If the classes are the last axis, use axis=-1; if not,"
        " argmax them in a subclass, before super().update_state"
    )


def is_refused(metric: object, true: Shape, pred: Shape) -> bool:
    """Return whether a metric certainly raises because its arrays flatten to different lengths.

    Args:
        metric: an IoU metric of Keras.
        true: the shape of its masks; `None` for a length or all lengths that are not known.
        pred: the shape of its predictions.
    """
    sizes = [
        _count_labels(metric, shape, flag)
        for shape, flag in ((true, "sparse_y_true"), (pred, "sparse_y_pred"))
    ]
    return None not in sizes and sizes[0] != sizes[1]


def _count_labels(metric: object, shape: Shape, flag: str) -> int | None:
    """Return how many labels a metric reads from each sample; `None` if that is not known."""
    if shape is None or len(shape) < 2:
        return None
    lengths = list(shape)
    if not getattr(metric, flag, True):
        axis = getattr(metric, "axis", -1) % len(lengths)
        if axis == 0:
            return None
        del lengths[axis]
    known = [length for length in lengths[1:] if length is not None]
    return prod(known) if len(known) == len(lengths) - 1 else None
