"""What the user's metric is fed, and what it then reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.pairings import count_flat_labels
from iou_doctor.counts.label_decoding import Pairing, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.metrics import registry
from iou_doctor.metrics.definition import Average, Contract, Floats
from iou_doctor.metrics.input_spec import InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import REASON_SEPARATOR, ContractScore, Score
from iou_doctor.metrics.user.compatibility import (
    ONE_SCORE,
    SUMMED,
    VALUES,
    alike,
    elsewhere,
    misfit,
    place,
    wanted_place,
)
from iou_doctor.record import record


@record
class Fed:
    """A metric and the arrays that it gets."""

    metric: Metric
    interpretation: Interpretation
    stats: Stats
    pairs: PairCounts
    """The doctor's label pairs."""
    inputs: MetricInputs | None
    flat: Pairing | None
    """What was counted for the metric alone."""
    integers: bool = False
    """Whether the predictions have an integer dtype."""


def reported(fed: Fed, ours: float | None) -> ContractScore:
    """Return what the metric reports on the arrays as given, or the error it raises.

    Where its conventions make another number of it than `ours`, the doctor's, a note says which.
    """
    contract = fed.metric.contract
    if contract is None or contract.pairing is not None:
        return _of_flat_arrays(fed)
    layout, takes = fed.interpretation.layout, contract.takes
    wrong = misfit(takes, layout, integers=fed.integers)
    if wrong is not None and fed.flat in fed.stats.tables:
        return _value_by_value(fed, contract)
    if (
        wrong is Mismatch.PREDICTION_CHANNELS
        and takes.dtype_first
        and not fed.integers
        and fed.inputs
    ):
        return registry.build_failed_score(
            fed.metric, registry.describe_score_error(contract, fed.inputs)
        )
    if wrong is not None and (words := _words(takes, wrong, layout)):
        return registry.build_failed_score(fed.metric, words)
    if wrong is not None:
        return registry.build_unevaluated_score(fed.metric, _misread(takes, wrong, layout))
    if fed.inputs is None:
        words = _shape_words(takes, layout) or "ValueError: the shapes do not match"
        return registry.build_failed_score(fed.metric, words)
    told = _as_told(fed, fed.inputs)
    found = registry.evaluate(contract, told)
    if (
        found.value is None
        or ours is None
        or abs(found.value - ours) <= registry.VISIBLE_DIFFERENCE
    ):
        return found
    return replace(
        found, note=REASON_SEPARATOR.join(registry.explain_difference(contract, told, found.value))
    )


def _words(takes: InputSpec, wrong: Mismatch, layout: Layout) -> str | None:
    """Return the error that a misfit leads to, if any."""
    if wrong is Mismatch.SHAPES:
        return _shape_words(takes, layout)
    return takes.errors.get(wrong) or (None if alike(layout) else _shape_words(takes, layout))


def _shape_words(takes: InputSpec, layout: Layout) -> str | None:
    """Return the error that arrays of different shapes lead to, if any."""
    sizes = len(layout.y_true.shape) == len(layout.y_pred.shape) and Mismatch.SIZES in takes.errors
    return takes.errors.get(Mismatch.SIZES if sizes else Mismatch.SHAPES)


def _misread(takes: InputSpec, wrong: Mismatch, layout: Layout) -> str:
    """Return what becomes of arrays that an implementation takes in silence for others."""
    if wrong is not Mismatch.AXIS:
        return f"it misreads {wrong}; its number is not worked out"
    axes = next(axes for axes in (layout.y_pred, layout.y_true) if elsewhere(axes, takes))
    return (
        f"it takes axis {wanted_place(axes, takes)} for the classes, which are on axis"
        f" {place(axes)}; its number is not worked out"
    )


def _as_told(fed: Fed, inputs: MetricInputs) -> MetricInputs:
    """Return the arrays with what the metric's call says about them."""
    metric = fed.metric
    return replace(
        inputs,
        num_classes=metric.num_classes or inputs.num_classes,
        ignore_index=metric.ignore_class,
    )


def _of_flat_arrays(fed: Fed) -> ContractScore:
    """Return what a metric reports that flattens both arrays as they are stored."""
    metric, tables, flat = fed.metric, fed.stats.tables, fed.flat
    library = None if metric.contract else registry.find_library(metric.name)
    if library and (error := library.describe_axis_error(metric)):
        return registry.build_failed_score(metric, error)
    if flat is None or flat not in tables:
        sizes = count_flat_labels(
            fed.interpretation.layout, Pairing(metric.true, metric.pred, flat=True)
        )
        if sizes[0] is not None and sizes[0] == sizes[1]:
            why = "the arrays flatten alike but differ in samples"
            return registry.build_unevaluated_score(metric, why)
        return registry.build_failed_score(metric, _size_error(metric, sizes))
    if library:
        return library.evaluate(metric, tables[flat], num_classes=fed.interpretation.num_classes)
    contract = metric.contract
    assert contract is not None
    assert contract.pairing is not None
    return registry.evaluate(contract, _flat_given(fed, contract.pairing))


def _size_error(metric: Metric, sizes: tuple[int | None, int | None]) -> str:
    """Return the error that arrays of different lengths lead to."""
    known = metric.contract.sizes if metric.contract else registry.find_library(metric.name).SIZES
    return registry.describe_length_error(sizes, known)


def _value_by_value(fed: Fed, contract: Contract) -> ContractScore:
    """Return what a metric reports that takes each value of channels for a class id."""
    table = fed.stats.tables[VALUES]
    if contract.choices.floats is Floats.REFUSED and is_no_class(table.prediction).any():
        row = _flat_given(fed, VALUES)
        if fed.inputs is not None:
            row = replace(row, pred_dtype=fed.inputs.pred_dtype)
        return registry.build_failed_score(fed.metric, registry.describe_score_error(contract, row))
    flat = replace(contract, pairing=VALUES)
    return registry.evaluate(flat, _flat_given(fed, VALUES))


def _flat_given(fed: Fed, counted: Pairing) -> MetricInputs:
    """Return the arrays as one long row each."""
    assert fed.flat is not None
    pooled = fed.stats.tables[fed.flat].pool()
    row = MetricInputs(
        form=PredictionForm.LABELS,
        samples=1,
        num_classes=fed.interpretation.num_classes,
        ignore_index=None,
        labels=pooled,
        true_dtype=np.dtype(np.int64),
        pred_dtype=np.dtype(np.int64),
        flat={counted: pooled},
    )
    return _as_told(fed, row)


def score_if_read_well(fed: Fed, ours: Score | None) -> float | None:
    """Return what the metric would report if it read the arrays as the doctor does.

    Its own averages, epsilons and rules for absent classes stay: they are no misreading.

    Args:
        fed: the metric and its arrays.
        ours: the doctor's score; `None` where pixels do not pair up.
    """
    contract = fed.metric.contract
    if ours is None:
        return None
    if contract is None or contract.pairing is not None:
        return ours.average_over(fed.metric.target_class_ids)
    if fed.inputs is None:
        return ours.mean_iou
    inputs = _as_told(fed, fed.inputs)
    soft = contract.choices.floats in SUMMED and contract.takes.predictions is PixelContent.SCORES
    if soft and inputs.form is not PredictionForm.LABELS:
        return registry.evaluate(contract, inputs).value  # there are no labels to compare with
    one_score = inputs.form is PredictionForm.ONE_CHANNEL and contract.choices.floats in ONE_SCORE
    inputs = _well_read(fed, inputs)
    if one_score and contract.choices.average is not Average.PER_CLASS:
        choices = replace(contract.choices, average=Average.FOREGROUND)
        contract = replace(contract, choices=choices)
    return registry.evaluate(contract, inputs).value


def _well_read(fed: Fed, inputs: MetricInputs) -> MetricInputs:
    """Return the doctor's labels of the pixels whose truth is a class, or is ignored."""
    pairs, ignore = fed.pairs, fed.interpretation.ignore_index
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
