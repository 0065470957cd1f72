"""The IoU metrics of Keras 3.

Source: keras 3.15.1, `keras/src/metrics/iou_metrics.py` (`_IoUBase.update_state`, `IoU.result`)
and `metrics_utils.confusion_matrix`. A pair of labels is dropped silently if either is outside
0..num_classes-1 (before 3.15, it raises) or if the truth is `ignore_class`. The counts are int64
(int32 on the torch backend, float32 before 3.8). The ratios are float32, with 1e-7 added to each
union and to the number of classes that have a union.
"""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import (
    Absent,
    Choices,
    Contract,
    Counting,
    Floats,
    Ignored,
    Stray,
)
from iou_doctor.metrics.libraries.keras_family import (
    STACKING_ERROR,
    build_contract,
    build_metric,
    choose_counting,
    evaluate_pairs,
    list_signatures,
)
from iou_doctor.metrics.metric import Metric, Signature
from iou_doctor.metrics.score import ContractScore

__all__ = [
    "CONTRACTS",
    "LIBRARY",
    "SIGNATURES",
    "SIZES",
    "VERSIONS",
    "build_default_metric",
    "build_metric",
    "describe_axis_error",
    "evaluate",
]

LIBRARY = "keras"
VERSIONS = "3.15"
SIZES = Contract.sizes
SIGNATURES: tuple[Signature, ...] = list_signatures("keras.metrics")
WORKING_AXES = (-1, 0)
"""`result()` sums a vector over `axis`, which raises for every other axis (keras issue 23667)."""

_CHOICES = Choices(
    floats=Floats.TRUNCATED,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.DROPPED,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.SKIPPED,
    epsilon=1e-7,
    empty=0.0,
)
_RAISING = replace(_CHOICES, stray_truth=Stray.RAISES, stray_prediction=Stray.RAISES)
_BINARY = replace(_CHOICES, floats=Floats.THRESHOLDED, ignored=Ignored.NO_OPTION)
_RANGE_ERROR = (
    "InvalidArgumentError: indices[...] does not index into shape [{classes},{classes}]"
    " (the {side} hold {label})"
)
_LABELS, _ARGMAX, _BINS = LabelDecoding.LABELS, LabelDecoding.ARGMAX_LAST, LabelDecoding.BINS
_MEAN = "MeanIoU(num_classes={num_classes}, ignore_class={ignore_index}"


def _build_contract(
    name: str,
    call: str,
    pairing: tuple[LabelDecoding, LabelDecoding] = (_LABELS, _LABELS),
    *,
    versions: str = VERSIONS,
    choices: Choices = _CHOICES,
) -> Contract:
    return Contract(
        name=f"keras.{name}",
        library=LIBRARY,
        versions=versions,
        call=f"keras.metrics.{call}",
        pairing=Pairing(*pairing, flat=True),
        num_classes=2 if choices.floats is Floats.THRESHOLDED else None,
        choices=choices,
        short=f"Keras {name}",
        error=_RANGE_ERROR,
        sizes=SIZES if versions == VERSIONS else STACKING_ERROR,
        binary=choices.floats is Floats.THRESHOLDED,
        common=name == "MeanIoU",
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("MeanIoU", f"{_MEAN})"),
    _build_contract("MeanIoU@3.14", f"{_MEAN})", versions="3.8-3.14", choices=_RAISING),
    _build_contract(
        "MeanIoU@3.7",
        f"{_MEAN})",
        versions="3.0-3.7",
        choices=replace(_RAISING, counting=Counting.STOPS),
    ),
    _build_contract(
        "MeanIoU[sparse_y_pred=False]", f"{_MEAN}, sparse_y_pred=False)", (_LABELS, _ARGMAX)
    ),
    _build_contract(
        "MeanIoU[sparse_y_true=False]", f"{_MEAN}, sparse_y_true=False)", (_ARGMAX, _LABELS)
    ),
    _build_contract(
        "MeanIoU[sparse_y_true=False,sparse_y_pred=False]",
        f"{_MEAN}, sparse_y_true=False, sparse_y_pred=False)",
        (_ARGMAX, _ARGMAX),
    ),
    _build_contract(
        "OneHotMeanIoU",
        "OneHotMeanIoU(num_classes={num_classes}, ignore_class={ignore_index})",
        (_ARGMAX, _ARGMAX),
    ),
    _build_contract(
        "IoU[target=1]",
        "IoU(num_classes={num_classes}, target_class_ids=[1], ignore_class={ignore_index})",
        choices=replace(_CHOICES, target_class_ids=(1,)),
    ),
    _build_contract("BinaryIoU", "BinaryIoU()", (_LABELS, _BINS), choices=_BINARY),
    _build_contract(
        "BinaryIoU[target=1]",
        "BinaryIoU(target_class_ids=[1])",
        (_LABELS, _BINS),
        choices=replace(_BINARY, target_class_ids=(1,)),
    ),
)


def build_default_metric(*, num_classes: int | None, ignore_class: int | None) -> Metric:
    """Return the metric that is assumed if the user names none."""
    ignore = "" if ignore_class is None else f", ignore_class={ignore_class}"
    return Metric(
        name="keras.metrics.MeanIoU",
        call=f"keras.metrics.MeanIoU(num_classes={num_classes}{ignore})",
        y_true=LabelDecoding.LABELS,
        y_pred=LabelDecoding.LABELS,
        num_classes=num_classes,
        ignore_class=ignore_class,
    )


def evaluate(
    metric: Metric, pairs: PairCounts, *, num_classes: int, batch_size: int | None = None
) -> ContractScore:
    """Return what the metric reports.

    Args:
        metric: a metric of this library.
        pairs: the label pairs as the metric reads them from the arrays.
        num_classes: for a metric whose call does not name it.
        batch_size: images in one update; `None`: all.
    """
    # a call of TensorFlow excludes the torch backend, and TensorFlow counts in int64
    exact = metric.call.strip().startswith(("tf.", "tensorflow."))
    counting = choose_counting(metric.dtype, Counting.EXACT if exact else Counting.WRAPS)
    choices = replace(_CHOICES, counting=counting)
    contract = build_contract(
        metric, library=LIBRARY, versions=VERSIONS, choices=choices, error=(_RANGE_ERROR, "")
    )
    return evaluate_pairs(metric, contract, pairs, num_classes=num_classes, batch_size=batch_size)


def describe_axis_error(metric: Metric) -> str | None:
    """Return the error that the metric's `axis` leads to, if any."""
    if metric.axis in WORKING_AXES:
        return None
    return (
        f"InvalidArgumentError: Invalid reduction dimension ({metric.axis} for input with"
        " 1 dimension(s): result() fails for every `axis` but -1 and 0 (keras issue 23667)"
    )
