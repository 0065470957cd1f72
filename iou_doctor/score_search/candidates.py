"""Every value that implementations and common faults would give for a pair of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, decode_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Contract, Group
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.implementations import find_applicable
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.record import record
from iou_doctor.report.finding import Finding
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search import faults

SAME_VALUE = 1e-6
"""Values that differ by less are the same: float32 ratios of equal counts differ by rounding."""
MOST_PAIR_ROWS = 200_000
"""Rows of label pairs up to which averages over images are evaluated for every fault.

Each of these faults takes a pass over the table for each contract that averages images.
"""
BY_DEFINITION = "by definition"
"""The library of the contracts in `metrics/libraries/plain.py`."""
LIBRARY_WEIGHTS = {
    "keras": 1.0,
    "torchmetrics": 0.8,
    "mmsegmentation": 0.7,
    "scikit-learn": 0.6,
    BY_DEFINITION: 0.6,
    "segmentation_models": 0.5,
    "segmentation_models_pytorch": 0.5,
    "Keras backend": 0.4,
}
"""An estimate of how likely it is that somebody used a library, relative to Keras."""
OTHER_LIBRARY_WEIGHT = 0.3
"""The weight of a library that is not in `LIBRARY_WEIGHTS`."""
NAMED_METRIC_WEIGHT = 1.2
"""The weight of the metric that the user named: it ranks above all others."""
UNCOMMON_CONTRACT_FACTOR = 0.6
"""Applied to the weight of a contract that is not in the short table."""
RARE_PRIOR = 0.1
"""Faults with a lower prior are combined with common implementations only."""


@record
class Candidate:
    """A value, and the cause and the implementation that give it."""

    value: float
    cause: Cause
    implementation: str
    plausibility: float


@record
class Candidates:
    """All values that were evaluated."""

    found: tuple[Candidate, ...]
    values: tuple[float, ...]
    """The distinct values, ascending."""
    with_arrays: bool
    """Whether they were evaluated for a pair of arrays, and not from formulas alone."""
    num_classes: int | None = None


def collect_candidates(
    evidence: Evidence | None = None,
    *,
    diagnosis: Finding | None = None,
    repaired: PairCounts | None = None,
    num_classes: int | None = None,
) -> Candidates:
    """Return every value that implementations and faults would give.

    Args:
        evidence: the facts about a pair of arrays; `None`: formulas only.
        diagnosis: the root cause that was found in the arrays; `None` for healthy arrays.
        repaired: the label pairs after all repairs; `None` if there are none.
        num_classes: the number of classes, needed only without `evidence`.
    """
    found: list[Candidate] = []
    facts = None
    if evidence is not None and evidence.inputs is not None:
        found = list(_evaluate_arrays(evidence, _describe_unchanged_arrays(diagnosis), repaired))
        num_classes = evidence.interpretation.num_classes
        pairs = evidence.pairs if repaired is None else repaired
        facts = faults.measure_facts(prepare_label_inputs(evidence.inputs, pairs))
    found += [
        Candidate(form.value, form.cause, form.implementation, form.cause.prior)
        for form in faults.list_formulas(num_classes=num_classes, facts=facts)
    ]
    found = _drop_idle_faults(found)
    values = _drop_repeated([candidate.value for candidate in found])
    with_arrays = evidence is not None
    return Candidates(tuple(found), tuple(values), with_arrays, num_classes)


def _drop_idle_faults(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates without faults that do not change their implementation's value.

    Of equal values of an implementation, the cause with the highest prior is kept.
    """
    found: set[tuple[str, float]] = set()
    kept = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.cause.prior):
        key = candidate.implementation, round(candidate.value, 7)
        if not candidate.implementation or key not in found:
            kept.append(candidate)
        found.add(key)
    return kept


def _describe_unchanged_arrays(diagnosis: Finding | None) -> Cause:
    """Return the cause for scores of the unchanged arrays, named after their root cause if any."""
    cause = faults.UNCHANGED
    if diagnosis is None:
        return cause
    return replace(
        cause,
        name=diagnosis.rule.name,
        claim=f"{cause.claim}: {diagnosis.rule.claim} ({diagnosis.rule.code})",
        next_step=diagnosis.help,
    )


def _evaluate_arrays(
    evidence: Evidence, unchanged: Cause, repaired: PairCounts | None
) -> Iterator[Candidate]:
    inputs = evidence.inputs
    if inputs is None:
        return
    value = evidence.metric_score.value
    if value is not None:
        yield Candidate(value, unchanged, evidence.metric.call, NAMED_METRIC_WEIGHT)
    yield from _evaluate_contracts(unchanged, inputs, all_implementations=True)
    as_labels = prepare_label_inputs(inputs, evidence.pairs)
    for cause, changed in faults.list_faults(as_labels):
        plain = cause.prior >= faults.REPAIRED.prior
        yield from _evaluate_contracts(cause, changed, all_implementations=plain)
    if repaired is not None and repaired != evidence.pairs:
        yield from _evaluate_contracts(
            faults.REPAIRED, prepare_label_inputs(inputs, repaired), all_implementations=True
        )


def prepare_label_inputs(inputs: MetricInputs, pairs: PairCounts) -> MetricInputs:
    """Return the arrays as class ids, as a user who interprets both correctly would pass them.

    Args:
        inputs: the arrays as they are.
        pairs: their label pairs, correctly interpreted.
    """
    labels = pairs.relabel(truth=decode_no_class, prediction=decode_no_class)
    integers = np.dtype(np.int64)
    flat = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True)
    return replace(
        inputs,
        form=PredictionForm.LABELS,
        labels=labels,
        interpreted=None,
        true_dtype=integers,
        pred_dtype=integers,
        bins=None,
        sums=None,
        flat={flat: labels},
        lengths={},
    )


def _evaluate_contracts(
    cause: Cause, inputs: MetricInputs, *, all_implementations: bool
) -> Iterator[Candidate]:
    if inputs.form is PredictionForm.LABELS and inputs.flat:
        inputs = replace(inputs, flat=dict.fromkeys(inputs.flat, inputs.labels))
    whole = replace(inputs, samples=1, labels=inputs.labels.pool(), interpreted=None)
    whole = replace(whole, flat={key: table.pool() for key, table in inputs.flat.items()})
    images = all_implementations or len(inputs.labels.count) <= MOST_PAIR_ROWS
    rare = cause.prior < RARE_PRIOR
    for contract in find_applicable(inputs, all_implementations=True):
        if rare and not (contract.common or contract.library == BY_DEFINITION):
            continue
        over_images = (
            contract.choices.group is not Group.DATA_SET or contract.choices.averages_batches
        )
        if over_images and not images:
            continue
        pooled = not over_images and inputs.form is PredictionForm.LABELS
        score = evaluate(contract, whole if pooled else inputs)
        if score.value is not None:
            yield Candidate(
                score.value, cause, score.short, cause.prior * _weigh_contract(contract)
            )


def _weigh_contract(contract: Contract) -> float:
    prior = LIBRARY_WEIGHTS.get(contract.library, OTHER_LIBRARY_WEIGHT)
    return prior if contract.common else UNCOMMON_CONTRACT_FACTOR * prior


def _drop_repeated(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [
        value
        for index, value in enumerate(ordered)
        if index == 0 or value - ordered[index - 1] > SAME_VALUE
    ]
