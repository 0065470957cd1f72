"""What the IoU metrics of tf-keras report: Keras 2, as TensorFlow brought it up to 2.15.

Source: tf-keras 2.21.0, `tf_keras/src/metrics/iou_metrics.py` and `tf.math.confusion_matrix`.
Pairs whose truth is `ignore_class` leave; any other label outside 0..num_classes-1, on either
side, raises. Counts and ratios are float32; a class without a union is not in the mean, and 0 / 0
is 0. Within one `update_state` ones are added to a cell one by one, so that it stops at 2**24
(Keras 3.0 to 3.7 counts in the same way). The value is that of batches which stay below.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.contracts._confusion import confusion, metric_from_call, signatures, unions
from iou_doctor.metric import Metric, Signature
from iou_doctor.score import ContractScore, Counter
from iou_doctor.stats import PairCounts

__all__ = [
    "LIBRARY",
    "SIGNATURES",
    "VERSIONS",
    "axis_error",
    "evaluate",
    "metric_from_call",
    "size_error",
]

LIBRARY = "tf-keras"
VERSIONS = "2.21"
SIGNATURES: tuple[Signature, ...] = signatures("tf_keras.metrics")

STOPS_AT = 2**24
"""In float32, 2**24 + 1 is 2**24."""


def evaluate(metric: Metric, pairs: PairCounts, *, num_classes: int) -> ContractScore:
    """Return what the metric reports.

    Args:
        metric: a metric of this library.
        pairs: the table of the metric's own pairing; void codes stand for its naive answers.
        num_classes: for a metric whose call does not name it.
    """
    counts = confusion(metric, pairs, num_classes=num_classes)
    if counts.strays.total:
        error = _range_error(counts.strays, counts.classes)
        return ContractScore(metric.name, LIBRARY, VERSIONS, value=None, error=error)
    return ContractScore(
        name=metric.name,
        library=LIBRARY,
        versions=VERSIONS,
        value=_mean_iou(counts.matrix, counts.class_ids),
        counter=Counter(
            dtype="float32",
            largest=int(counts.matrix.max()),
            limit=STOPS_AT,
            value=_mean_iou(counts.matrix.clip(max=STOPS_AT), counts.class_ids),
            condition="if all pixels come in one `update_state`",
        ),
    )


def size_error(true_size: int | None, pred_size: int | None) -> str:
    """Return the error of two arrays that flatten to different lengths."""
    if true_size is None or pred_size is None:
        return "ValueError: the images differ in size and cannot be stacked into one array"
    return (
        "InvalidArgumentError: Shapes of all inputs must match after flattening:"
        f" [{true_size}] masks != [{pred_size}] predictions"
    )


def axis_error(metric: Metric) -> str | None:  # noqa: ARG001 - any axis works, unlike in Keras 3
    """Return `None`: no `axis` makes `result()` fail."""
    return None


def _range_error(strays: PairCounts, classes: int) -> str:
    """Return the error of the first assertion that fails: negative before too large."""
    sides = (("labels", strays.truth), ("predictions", strays.prediction))
    for name, values in sides:
        if (values < 0).any():
            return f"InvalidArgumentError: `{name}` contains negative values"
    name = "labels" if (strays.truth >= classes).any() else "predictions"
    return f"InvalidArgumentError: `{name}` out of bound (num_classes={classes})"


def _mean_iou(matrix: NDArray[np.int64], class_ids: tuple[int, ...]) -> float:
    """Return the mean IoU over some classes, in float32; 0 where no class has a union."""
    counts = matrix.astype(np.float32)
    chosen = list(class_ids)
    right, union = np.diag(counts)[chosen], unions(counts)[chosen]
    valid = union != 0
    iou = np.divide(right, union, out=np.zeros_like(right), where=valid)
    return float(iou.sum(dtype=np.float32) / max(np.float32(valid.sum()), np.float32(1)))
