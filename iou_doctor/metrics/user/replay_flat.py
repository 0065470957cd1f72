"""Replay a metric that reads both arrays value by value, whatever their axes mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.arrays.pairings import count_flat_labels
from iou_doctor.counts.label_decoding import Pairing, is_no_class
from iou_doctor.metrics import registry
from iou_doctor.metrics.definition import Contract, Floats
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import ContractScore
from iou_doctor.metrics.user.compatibility import VALUES, find_metric_pairing
from iou_doctor.metrics.user.counted_arrays import CountedArrays


def replay_flat(metric: Metric, arrays: CountedArrays) -> ContractScore:
    """Replay a metric that flattens both arrays as they are stored."""
    tables, flat = arrays.stats.tables, find_metric_pairing(metric, arrays.interpretation.layout)
    library = None if metric.contract else registry.find_library(metric.name)
    if library and (error := library.describe_axis_error(metric)):
        return registry.build_failed_score(metric, error)
    if flat is None or flat not in tables:
        sizes = count_flat_labels(
            arrays.interpretation.layout, Pairing(metric.y_true, metric.y_pred, flat=True)
        )
        if sizes[0] is not None and sizes[0] == sizes[1]:
            why = "the arrays flatten alike but differ in samples"
            return registry.build_unevaluated_score(metric, why)
        return registry.build_failed_score(metric, _describe_size_error(metric, sizes))
    if library:
        return library.evaluate(
            metric,
            tables[flat],
            num_classes=arrays.interpretation.num_classes,
            batch_size=arrays.inputs.batch_size if arrays.inputs else None,
        )
    contract = metric.contract
    assert contract is not None
    assert contract.pairing is not None
    return registry.evaluate(contract, _flatten_inputs(metric, arrays, contract.pairing))


def _describe_size_error(metric: Metric, sizes: tuple[int | None, int | None]) -> str:
    """Return the error that arrays of different lengths lead to."""
    known = metric.contract.sizes if metric.contract else registry.find_library(metric.name).SIZES
    return registry.describe_length_error(sizes, known)


def replay_value_by_value(
    metric: Metric, arrays: CountedArrays, contract: Contract
) -> ContractScore:
    """Replay a metric that reads every stored value of the channels as a class id."""
    table = arrays.stats.tables[VALUES]
    if contract.choices.floats is Floats.REFUSED and is_no_class(table.prediction).any():
        row = _flatten_inputs(metric, arrays, VALUES)
        if arrays.inputs is not None:
            row = replace(row, pred_dtype=arrays.inputs.pred_dtype)
        return registry.build_failed_score(metric, registry.describe_score_error(contract, row))
    flat = replace(contract, pairing=VALUES)
    return registry.evaluate(flat, _flatten_inputs(metric, arrays, VALUES))


def _flatten_inputs(metric: Metric, arrays: CountedArrays, counted: Pairing) -> MetricInputs:
    """Return the inputs of a metric that flattens: one row for all samples."""
    pairing = find_metric_pairing(metric, arrays.interpretation.layout)
    assert pairing is not None
    pooled = arrays.stats.tables[pairing].pool()
    row = MetricInputs(
        form=PredictionForm.LABELS,
        samples=1,
        num_classes=arrays.interpretation.num_classes,
        ignore_index=None,
        labels=pooled,
        true_dtype=np.dtype(np.int64),
        pred_dtype=np.dtype(np.int64),
        flat={counted: pooled},
    )
    return apply_call(metric, row)


def apply_call(metric: Metric, inputs: MetricInputs) -> MetricInputs:
    """Return the inputs with the number of classes and the ignore label of the metric's call."""
    return replace(
        inputs,
        num_classes=metric.num_classes or inputs.num_classes,
        ignore_index=metric.ignore_class,
    )
