"""Replay the user's metric on the arrays as given, and as it would read them correctly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.metrics import registry
from iou_doctor.metrics.definition import Contract
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.input_spec import InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import REASON_SEPARATOR, ContractScore, Score
from iou_doctor.metrics.user.compatibility import (
    ONE_SCORE,
    SUMMED,
    find_metric_pairing,
    find_mismatch,
    sums_ids,
    take_foreground,
)
from iou_doctor.metrics.user.counted_arrays import CountedArrays
from iou_doctor.metrics.user.mismatches import (
    describe_error,
    describe_misreading,
    describe_shape_error,
)
from iou_doctor.metrics.user.replay_flat import apply_call, replay_flat, replay_value_by_value

ROWS_ARE_CHANNELS = "it takes axis 1 for the channels, where the rows are"
IDS_AS_SCORES = "it multiplies class ids; it is for the labels 0 and 1"


def replay(metric: Metric, arrays: CountedArrays, doctor: float | None) -> ContractScore:
    """Return what a metric reports on the arrays as given, or the error it raises.

    Args:
        metric: the user's metric, adapted to the arrays' layout.
        arrays: the arrays.
        doctor: the doctor's mean IoU; if the metric's conventions give another number, a note
            says which of them do.
    """
    contract = metric.contract
    if metric.call_error:
        return registry.build_failed_score(metric, metric.call_error)
    if contract is None or contract.pairing is not None:
        return replay_flat(metric, arrays)
    refused = _replay_mismatch(metric, arrays, contract)
    if refused is not None:
        return refused
    layout = arrays.interpretation.layout
    if why := _describe_other_axis(arrays, contract.takes):
        return registry.build_unevaluated_score(metric, why)
    if arrays.inputs is None:
        words = describe_shape_error(contract.takes, layout)
        return registry.build_failed_score(metric, words or "ValueError: the shapes do not match")
    inputs = apply_call(metric, arrays.inputs)
    if sums_ids(contract, layout, inputs):
        if inputs.num_classes > TWO_CLASSES:
            return registry.build_unevaluated_score(metric, IDS_AS_SCORES)
        contract = take_foreground(contract)
    return _explain(contract, inputs, registry.evaluate(contract, inputs), doctor)


def _explain(
    contract: Contract, inputs: MetricInputs, found: ContractScore, doctor: float | None
) -> ContractScore:
    """Return a score with a note that says why it is not the doctor's."""
    if found.value is None or doctor is None:
        return found
    if abs(found.value - doctor) <= registry.VISIBLE_DIFFERENCE:
        return found
    reasons = registry.explain_difference(contract, inputs, found.value)
    return replace(found, note=REASON_SEPARATOR.join(reasons))


def _lacks_sample_axis(interpretation: Interpretation, takes: InputSpec) -> bool:
    """Return whether channels that overlap are on axis 0, and the metric takes axis 1."""
    has_samples = interpretation.layout.y_pred.has_sample_axis
    return interpretation.is_multilabel and not has_samples and takes.axis == 1


def _describe_other_axis(arrays: CountedArrays, takes: InputSpec) -> str | None:
    """Return what is on the axis that a metric takes for the channels; `None` for the channels."""
    if _lacks_sample_axis(arrays.interpretation, takes):
        return "it takes axis 1 for the channels, which are on axis 0, as there is no sample axis"
    layout = arrays.interpretation.layout
    has_channels = layout.y_true.channel is not None or layout.y_pred.channel is not None
    if takes.rows_are_channels and not has_channels:
        return f"{ROWS_ARE_CHANNELS}; give it (N, 1, H, W)"
    return None


def _replay_mismatch(
    metric: Metric, arrays: CountedArrays, contract: Contract
) -> ContractScore | None:
    """Return what a metric does with arrays of another kind than it takes; `None` if it does."""
    layout, takes = arrays.interpretation.layout, contract.takes
    wrong = find_mismatch(takes, layout, integers=arrays.integer_predictions)
    if wrong is None:
        return None
    if find_metric_pairing(metric, layout) in arrays.stats.tables:
        return replay_value_by_value(metric, arrays, contract)
    if (
        wrong is Mismatch.PREDICTION_CHANNELS
        and takes.checks_dtype_first
        and not arrays.integer_predictions
        and arrays.inputs
    ):
        return registry.build_failed_score(
            metric, registry.describe_score_error(contract, arrays.inputs)
        )
    if words := describe_error(takes, wrong, layout):
        return registry.build_failed_score(metric, words)
    return registry.build_unevaluated_score(metric, describe_misreading(takes, wrong, layout))


def replay_if_read_well(
    metric: Metric, arrays: CountedArrays, doctor: Score | None
) -> float | None:
    """Return what the metric would report if it read the arrays as the doctor does.

    The metric keeps its own averages, epsilons and rules for absent classes.

    Args:
        metric: the user's metric, adapted to the arrays' layout.
        arrays: the arrays.
        doctor: the doctor's score; `None` if pixels do not pair up.
    """
    contract = metric.contract
    if doctor is None:
        return None
    if contract is None or contract.pairing is not None:
        return doctor.average_over(metric.target_class_ids)
    if arrays.inputs is None:
        return doctor.mean_iou
    inputs = apply_call(metric, arrays.inputs)
    soft = contract.choices.floats in SUMMED and contract.takes.predictions is PixelContent.SCORES
    if soft and inputs.form is not PredictionForm.LABELS:
        return registry.evaluate(contract, inputs).value  # there are no labels to compare with
    one_score = inputs.form is PredictionForm.ONE_CHANNEL and contract.choices.floats in ONE_SCORE
    inputs = _read_well(arrays, inputs)
    if one_score or sums_ids(contract, arrays.interpretation.layout, inputs):
        contract = take_foreground(contract)
    return registry.evaluate(contract, inputs).value


def _read_well(arrays: CountedArrays, inputs: MetricInputs) -> MetricInputs:
    """Return inputs with the doctor's labels, for pixels whose truth is a class or is ignored."""
    pairs, ignore = arrays.pairs, arrays.interpretation.ignore_index
    known = (pairs.truth >= 0) & (pairs.truth < inputs.num_classes)
    if ignore is not None:
        known |= pairs.truth == ignore
    integers = np.dtype(np.int64)
    return replace(
        inputs,
        form=PredictionForm.LABELS,
        labels=pairs.keep_rows(known),
        bins=None,
        sums=None,
        true_dtype=integers,
        pred_dtype=integers,
    )
