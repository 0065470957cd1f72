"""What the IoU metrics of Keras 3.15 report.

Source: keras 3.15.1, `keras/src/metrics/iou_metrics.py` (`_IoUBase.update_state`, `IoU.result`)
and `metrics_utils.confusion_matrix`. A pair with either side outside 0..num_classes-1 is dropped
without a word, as are pairs whose truth is `ignore_class`. The counts are int64 (int32 on the
torch backend); the ratios are float32, with 1e-7 added to each union and to the number of classes
with a union.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.contracts._confusion import confusion, metric_from_call, signatures, unions
from iou_doctor.derivation import Derivation
from iou_doctor.metric import Metric, Signature
from iou_doctor.score import ContractScore, Counter
from iou_doctor.stats import PairCounts

__all__ = [
    "LIBRARY",
    "SIGNATURES",
    "VERSIONS",
    "axis_error",
    "default_metric",
    "evaluate",
    "metric_from_call",
    "size_error",
]

LIBRARY = "keras"
VERSIONS = "3.15"
EPSILON = np.float32(1e-7)
SIGNATURES: tuple[Signature, ...] = signatures("keras.metrics")

SMALL_COUNTER = np.int32
LARGEST_INT32 = 2**31 - 1
WORKING_AXES = (-1, 0)
"""`result()` sums a vector over `axis`, so that only these two do not raise."""


def default_metric(*, num_classes: int | None, ignore_class: int | None) -> Metric:
    """Return the metric that is assumed where the user named none."""
    ignore = "" if ignore_class is None else f", ignore_class={ignore_class}"
    return Metric(
        name="keras.metrics.MeanIoU",
        call=f"keras.metrics.MeanIoU(num_classes={num_classes}{ignore})",
        true=Derivation.LABELS,
        pred=Derivation.LABELS,
        num_classes=num_classes,
        ignore_class=ignore_class,
    )


def evaluate(metric: Metric, pairs: PairCounts, *, num_classes: int) -> ContractScore:
    """Return what the metric reports.

    Args:
        metric: a metric of this library.
        pairs: the table of the metric's own pairing; void codes stand for its naive answers.
        num_classes: for a metric whose call does not name it.
    """
    counts = confusion(metric, pairs, num_classes=num_classes)
    return ContractScore(
        name=metric.name,
        library=LIBRARY,
        versions=VERSIONS,
        value=_mean_iou(counts.matrix, counts.class_ids),
        dropped=counts.strays.total,
        counter=None if _on_tensorflow(metric) else _int32(counts.matrix, counts.class_ids),
    )


def size_error(true_size: int | None, pred_size: int | None) -> str:
    """Return the error of two arrays that flatten to different lengths."""
    if true_size is None or pred_size is None:
        return "ValueError: the images differ in size and cannot be stacked into one array"
    return (
        "InvalidArgumentError: Incompatible shapes after flattening:"
        f" [{true_size}] masks vs. [{pred_size}] predictions"
    )


def axis_error(metric: Metric) -> str | None:
    """Return the error that the metric's `axis` leads to, if any."""
    if metric.axis in WORKING_AXES:
        return None
    return "ValueError: result() fails for every `axis` but -1 and 0 (keras issue 23667)"


def _on_tensorflow(metric: Metric) -> bool:
    """Return whether the call as written leaves no other backend."""
    return metric.call.strip().startswith(("tf.", "tensorflow."))


def _int32(matrix: NDArray[np.int64], class_ids: tuple[int, ...]) -> Counter:
    """Return the counters of the torch backend, which wrap where int32 ends."""
    return Counter(
        dtype="int32",
        largest=int(unions(matrix).max()),
        limit=LARGEST_INT32,
        value=_mean_iou(matrix.astype(SMALL_COUNTER), class_ids),
        condition="on the torch backend",
    )


def _mean_iou(matrix: NDArray[Any], class_ids: tuple[int, ...]) -> float:
    """Return the mean IoU over some classes, in float32 as Keras does."""
    chosen = list(class_ids)
    right = np.diag(matrix)[chosen].astype(np.float32)
    single = unions(matrix)[chosen].astype(np.float32)
    valid = single > 1e-9
    iou = np.where(valid, right / (single + EPSILON), np.float32(0))
    return float(iou.sum(dtype=np.float32) / (np.float32(valid.sum()) + EPSILON))
