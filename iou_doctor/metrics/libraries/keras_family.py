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
from iou_doctor.metrics.definition import COUNTER_LIMITS, Choices, Contract, Counting
from iou_doctor.metrics.engine.class_ids import flatten_pairs
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.engine.labels import find_cells
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.metric import Metric, Signature
from iou_doctor.metrics.score import ContractScore, Counter

_SPARSE = {"ignore_class": None, "sparse_y_true": True, "sparse_y_pred": True, "axis": -1}
_ONE_HOT = {"ignore_class": None, "sparse_y_pred": False, "axis": -1}
DTYPES = {
    "float16": Counting.HALF,
    "bfloat16": Counting.BRAIN,
    "float32": Counting.STOPS,
    "float64": Counting.EXACT,
    "int32": Counting.WRAPS,
    "int64": Counting.EXACT,
    "int": Counting.EXACT,
}
"""How a metric counts in each type that people pass as `dtype`."""
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
            dtype=_parse_dtype(name, arguments["dtype"]),
        )
    num_classes = parse_integer(name, "num_classes", arguments["num_classes"])
    dtype = _parse_dtype(name, arguments["dtype"])
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
        dtype=dtype,
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
    metric: Metric,
    contract: Contract,
    pairs: PairCounts,
    *,
    num_classes: int,
    batch_size: int | None,
) -> ContractScore:
    """Return what a metric object reports, and what its counters make of it.

    Args:
        metric: the metric object.
        contract: what it computes.
        pairs: the pairs that it reads; codes of no class stand for what it reads there.
        num_classes: for a metric whose call does not name it.
        batch_size: images in one update; `None`: all.
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
    found = evaluate(contract, inputs)
    if batch_size is None or found.counter is None or found.counter.largest <= found.counter.limit:
        return found
    if contract.choices.counting not in COUNTER_LIMITS:
        return found
    return replace(
        found, counter=_count_batches(contract, inputs, pairs, found.counter, batch_size)
    )


def _count_batches(
    contract: Contract, inputs: MetricInputs, pairs: PairCounts, counter: Counter, size: int
) -> Counter:
    """Return the counter of a metric that is updated batch by batch."""
    from iou_doctor.metrics.engine.narrow_counters import count_narrowly  # seldom needed

    choices, pairing = contract.choices, contract.pairing
    assert pairing is not None
    whole = replace(inputs, num_classes=contract.num_classes or inputs.num_classes)
    decoded = flatten_pairs(replace(whole, flat={pairing: pairs}), pairing)
    cells = find_cells(decoded, whole, choices)
    narrow = count_narrowly(cells, whole.num_classes, choices, size)
    return replace(
        counter,
        value=narrow.value,
        largest=narrow.largest,
        condition=f"with {size} images in each `update_state`",
    )


def _choose_decoding(sparse: object) -> LabelDecoding:
    return LabelDecoding.LABELS if sparse else LabelDecoding.ARGMAX_LAST


def choose_counting(dtype: str, default: Counting) -> Counting:
    """Return how a metric counts.

    Args:
        dtype: the type that its call says; empty for none.
        default: how it counts without one.
    """
    return DTYPES.get(dtype, default)


def _parse_dtype(name: str, value: object) -> str:
    """Return the type in which a metric counts.

    Raises:
        UsageError: iou-doctor does not know what Keras does with it.
    """
    if value is None or value in DTYPES:
        return str(value or "")
    known = ", ".join(map(repr, DTYPES))
    raise UsageError(f"--metric {name}: dtype={value!r} is not supported; what works: {known}")


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
