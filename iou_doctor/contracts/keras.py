"""What the IoU metrics of Keras 3.15 report.

Source: keras 3.15.1, `keras/src/metrics/iou_metrics.py` (`_IoUBase.update_state`, `IoU.result`)
and `metrics_utils.confusion_matrix`. Both arrays are cast to integers toward zero, unless a
`sparse_` flag is False: then `argmax` over `axis` comes first. Both are flattened. A pair with
either side outside 0..num_classes-1 is dropped without a word, as are pairs whose truth is
`ignore_class`. The counts are int64; the ratios are float32, with 1e-7 added to each union and
to the number of classes with a union.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import UsageError
from iou_doctor.metric import Metric, Signature
from iou_doctor.score import ContractScore
from iou_doctor.stats import Derivation, PairCounts, naive_answer

LIBRARY = "keras"
VERSIONS = "3.15"
EPSILON = np.float32(1e-7)

_SPARSE = {"ignore_class": None, "sparse_y_true": True, "sparse_y_pred": True, "axis": -1}
_NAMES = {"name": None, "dtype": None}

SIGNATURES = (
    Signature("keras.metrics.MeanIoU", {"num_classes": None, **_NAMES, **_SPARSE}),
    Signature(
        "keras.metrics.IoU",
        {"num_classes": None, "target_class_ids": ..., **_NAMES, **_SPARSE},
    ),
    Signature("keras.metrics.BinaryIoU", {"target_class_ids": (0, 1), "threshold": 0.5, **_NAMES}),
    Signature(
        "keras.metrics.OneHotMeanIoU",
        {"num_classes": None, **_NAMES, "ignore_class": None, "sparse_y_pred": False, "axis": -1},
    ),
    Signature(
        "keras.metrics.OneHotIoU",
        {
            "num_classes": None,
            "target_class_ids": ...,
            **_NAMES,
            "ignore_class": None,
            "sparse_y_pred": False,
            "axis": -1,
        },
    ),
)


def metric_from_call(name: str, arguments: Mapping[str, Any], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that Keras does not take.
    """
    if name == "keras.metrics.BinaryIoU":
        return Metric(
            name=name,
            call=call,
            true=Derivation.LABELS,
            pred=Derivation.BINS,
            num_classes=2,
            target_class_ids=_ids(name, arguments["target_class_ids"], 2),
            threshold=_number(name, "threshold", arguments["threshold"]),
        )
    num_classes = _integer(name, "num_classes", arguments["num_classes"])
    ids = arguments.get("target_class_ids")
    true = _derivation(arguments.get("sparse_y_true", False))
    pred = _derivation(arguments["sparse_y_pred"])
    axis = _integer(name, "axis", arguments["axis"])
    if axis == 0 and Derivation.ARGMAX_LAST in (true, pred):
        raise UsageError(f"--metric {name}: axis=0 argmaxes over the samples; use axis=-1")
    return Metric(
        name=name,
        call=call,
        true=true,
        pred=pred,
        num_classes=num_classes,
        ignore_class=_integer(name, "ignore_class", arguments["ignore_class"]),
        target_class_ids=None if ids is None else _ids(name, ids, num_classes),
        axis=-1 if axis is None else axis,
    )


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
    classes = metric.num_classes or num_classes
    truth, prediction = naive_answer(pairs.truth), naive_answer(pairs.prediction)
    if metric.pred is Derivation.BINS:
        prediction = (prediction % 3 >= 1).astype(np.int64)  # at or above the threshold
    ignored = truth == metric.ignore_class if metric.ignore_class is not None else False
    known = (truth >= 0) & (truth < classes) & (prediction >= 0) & (prediction < classes)
    kept = known & ~np.asarray(ignored)
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (truth[kept], prediction[kept]), pairs.count[kept])
    return ContractScore(
        name=metric.name,
        library=LIBRARY,
        versions=VERSIONS,
        value=_mean_iou(matrix, metric.target_class_ids or tuple(range(classes))),
        dropped=int(pairs.count[~known & ~np.asarray(ignored)].sum()),
    )


def not_replayed(metric: Metric, why: str) -> ContractScore:
    """Return the score of a metric whose number is not worked out here."""
    return ContractScore(metric.name, LIBRARY, VERSIONS, value=None, note=why)


def failure(metric: Metric, error: str) -> ContractScore:
    """Return the score of a metric that raises."""
    return ContractScore(metric.name, LIBRARY, VERSIONS, value=None, error=error)


def size_error(true_size: int | None, pred_size: int | None) -> str:
    """Return the error of two arrays that flatten to different lengths."""
    if true_size is None or pred_size is None:
        return "ValueError: the images differ in size and cannot be stacked into one array"
    return (
        "InvalidArgumentError: Incompatible shapes after flattening:"
        f" [{true_size}] masks vs. [{pred_size}] predictions"
    )


WORKING_AXES = (-1, 0)
"""`result()` sums a vector over `axis`, so that only these two do not raise."""
AXIS_ERROR = "ValueError: result() fails for every `axis` but -1 and 0 (keras issue 23667)"


def _mean_iou(matrix: NDArray[np.int64], class_ids: tuple[int, ...]) -> float:
    """Return the mean IoU over some classes, in float32 as Keras does."""
    right = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - right
    chosen = list(class_ids)
    single = union[chosen].astype(np.float32)
    valid = single > 1e-9
    iou = np.where(valid, right[chosen].astype(np.float32) / (single + EPSILON), np.float32(0))
    return float(iou.sum(dtype=np.float32) / (np.float32(valid.sum()) + EPSILON))


def _derivation(sparse: object) -> Derivation:
    return Derivation.LABELS if sparse else Derivation.ARGMAX_LAST


def _integer(name: str, argument: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise UsageError(f"--metric {name}: {argument} must be a whole number, not {value!r}")


def _number(name: str, argument: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise UsageError(f"--metric {name}: {argument} must be a number, not {value!r}")


def _ids(name: str, value: object, num_classes: int | None) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)) or not value or any(type(v) is not int for v in value):
        raise UsageError(
            f"--metric {name} needs target_class_ids, a list of class ids such as [0, 1]"
        )
    if min(value) < 0 or (num_classes is not None and max(value) >= num_classes):
        raise UsageError(
            f"--metric {name}: target_class_ids {list(value)} must lie in 0..num_classes-1"
        )
    return tuple(value)
