"""The IoU metrics of tf-keras: Keras 2, which TensorFlow contained up to 2.15.

Source: tf-keras 2.21.0, `tf_keras/src/metrics/iou_metrics.py` and `tf.math.confusion_matrix`. Pairs
whose truth is `ignore_class` are left out. Any other label outside 0..num_classes-1 raises, on
either side. Counts and ratios are float32. A class without a union is not in the mean, and 0 / 0 is
0. Within one `update_state` a cell is incremented by one, so it stops at 2**24 (Keras 3.0 to 3.7
does the same). The contract assumes batches that stay below this limit.
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
    "build_metric",
    "describe_axis_error",
    "evaluate",
]

LIBRARY = "tf-keras"
VERSIONS = "2.21"
SIZES = STACKING_ERROR
SIGNATURES: tuple[Signature, ...] = list_signatures("tf_keras.metrics")

_CHOICES = Choices(
    floats=Floats.TRUNCATED,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.SKIPPED,
    counting=Counting.STOPS,
    empty=0.0,
)
_BEYOND = "InvalidArgumentError: `{argument}` out of bound ({label} is not in 0..{last})"
_BELOW = "InvalidArgumentError: `{argument}` contains negative values ({label} is not in 0..{last})"

CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="tf_keras.MeanIoU",
        library=LIBRARY,
        versions="2.10-2.21",
        call="tf_keras.metrics.MeanIoU(num_classes={num_classes}, ignore_class={ignore_index})",
        pairing=Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True),
        choices=_CHOICES,
        short="tf-keras MeanIoU",
        error=_BEYOND,
        error_below=_BELOW,
        sizes=STACKING_ERROR,
        common=True,
    ),
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
    counting = choose_counting(metric.dtype, _CHOICES.counting)
    choices = replace(
        _CHOICES, counting=counting, single_precision=metric.dtype not in {"float16", "float64"}
    )
    contract = build_contract(
        metric, library=LIBRARY, versions=VERSIONS, choices=choices, error=(_BEYOND, _BELOW)
    )
    return evaluate_pairs(metric, contract, pairs, num_classes=num_classes, batch_size=batch_size)


def describe_axis_error(metric: Metric) -> str | None:  # noqa: ARG001 - any axis works, unlike in Keras 3
    """Return `None`: no `axis` makes `result()` fail."""
    return None
