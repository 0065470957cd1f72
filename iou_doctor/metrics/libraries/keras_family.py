"""The metrics that Keras 3 and tf-keras share: their calls, and how a metric is evaluated.

Both arrays are cast to integers toward zero, unless a `sparse_` argument is False: then `argmax`
over `axis` comes first. Both are flattened and counted in one matrix, truth by prediction. The two
libraries differ in the pairs that are left out or refused, and in the ratios.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.errors import UsageError
from iou_doctor.metrics.call_arguments import parse_integer, parse_number
from iou_doctor.metrics.definition import Choices, Contract
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.metric import Metric, Signature
from iou_doctor.metrics.score import ContractScore

_SPARSE = {"ignore_class": None, "sparse_y_true": True, "sparse_y_pred": True, "axis": -1}
_ONE_HOT = {"ignore_class": None, "sparse_y_pred": False, "axis": -1}
_NAMES = {"name": None, "dtype": None}
STACKING_ERROR = (
    "InvalidArgumentError: Shapes of all inputs must match:"
    " values[0].shape = [{true}] != values[1].shape = [{pred}]"
)
"""The error of Keras before 3.15 and of tf-keras for arrays that flatten to different lengths."""
_IDS = {"num_classes": None, "target_class_ids": ...}


def list_signatures(module: str) -> tuple[Signature, ...]:
    """Return the calls of the five metrics.

    Args:
        module: the module that they are in, "keras.metrics" for instance.
    """
    parameters: dict[str, dict[str, object]] = {
        "MeanIoU": {"num_classes": None, **_NAMES, **_SPARSE},
        "IoU": {**_IDS, **_NAMES, **_SPARSE},
        "BinaryIoU": {"target_class_ids": (0, 1), "threshold": 0.5, **_NAMES},
        "OneHotMeanIoU": {"num_classes": None, **_NAMES, **_ONE_HOT},
        "OneHotIoU": {**_IDS, **_NAMES, **_ONE_HOT},
    }
    return tuple(Signature(f"{module}.{name}", values) for name, values in parameters.items())


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that Keras does not take.
    """
    if name.endswith(".BinaryIoU"):
        return Metric(
            name=name,
            call=call,
            y_true=LabelDecoding.LABELS,
            y_pred=LabelDecoding.BINS,
            num_classes=2,
            target_class_ids=_parse_target_class_ids(name, arguments["target_class_ids"], 2),
            threshold=parse_number(name, "threshold", arguments["threshold"]),
        )
    num_classes = parse_integer(name, "num_classes", arguments["num_classes"])
    ids = arguments.get("target_class_ids")
    true = _choose_decoding(arguments.get("sparse_y_true", False))
    pred = _choose_decoding(arguments["sparse_y_pred"])
    axis = parse_integer(name, "axis", arguments["axis"])
    if axis == 0 and LabelDecoding.ARGMAX_LAST in (true, pred):
        raise UsageError(f"--metric {name}: axis=0 argmaxes over the samples; use axis=-1")
    return Metric(
        name=name,
        call=call,
        y_true=true,
        y_pred=pred,
        num_classes=num_classes,
        ignore_class=parse_integer(name, "ignore_class", arguments["ignore_class"]),
        target_class_ids=None if ids is None else _parse_target_class_ids(name, ids, num_classes),
        axis=-1 if axis is None else axis,
    )


def build_contract(
    metric: Metric, *, library: str, versions: str, choices: Choices, error: tuple[str, str]
) -> Contract:
    """Return the contract of one metric object.

    Args:
        metric: the object.
        library: the name of its library.
        versions: the versions of the library.
        choices: what the library decides.
        error: the errors for labels above the classes, and for those below 0.
    """
    return Contract(
        name=metric.name,
        library=library,
        versions=versions,
        call=metric.call,
        pairing=Pairing(metric.y_true, metric.y_pred, flat=True),
        num_classes=metric.num_classes,
        choices=replace(choices, target_class_ids=metric.target_class_ids),
        error=error[0],
        error_below=error[1],
    )


def evaluate_pairs(
    metric: Metric, contract: Contract, pairs: PairCounts, *, num_classes: int
) -> ContractScore:
    """Return what a metric object reports if all pixels come in one update.

    Args:
        metric: the metric object.
        contract: what it computes.
        pairs: the pairs that it reads; codes of no class stand for what it reads there.
        num_classes: for a metric whose call does not name it.
    """
    pooled = pairs.pool()
    inputs = MetricInputs(
        form=PredictionForm.LABELS,
        samples=1,
        num_classes=metric.num_classes or num_classes,
        ignore_index=metric.ignore_class,
        labels=pooled,
        true_dtype=np.dtype(np.int64),
        pred_dtype=np.dtype(np.int64),
        flat={Pairing(metric.y_true, metric.y_pred, flat=True): pooled},
    )
    return evaluate(contract, inputs)


def _choose_decoding(sparse: object) -> LabelDecoding:
    return LabelDecoding.LABELS if sparse else LabelDecoding.ARGMAX_LAST


def _parse_target_class_ids(name: str, value: object, num_classes: int | None) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)) or not value or any(type(v) is not int for v in value):
        raise UsageError(
            f"--metric {name} needs target_class_ids, a list of class ids such as [0, 1]"
        )
    if min(value) < 0 or (num_classes is not None and max(value) >= num_classes):
        raise UsageError(
            f"--metric {name}: target_class_ids {list(value)} must lie in 0..num_classes-1"
        )
    return tuple(value)
