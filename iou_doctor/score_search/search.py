"""From a printed score back to its causes: contracts times faults, matched and ranked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, naive_answer
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Contract, Group
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.implementations import find_applicable
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.record import record
from iou_doctor.report.finding import Finding
from iou_doctor.report.score_lookup import Cause, Match, PrintedScore, ScoreLookup, Suspect
from iou_doctor.score_search import faults

SAME_VALUE = 1e-6
"""Values this close are one: float32 ratios of equal counts."""
NEIGHBOURHOOD = 0.05
"""Values this far on either side say how densely candidates lie."""
MOST_ROWS = 200_000
"""Rows of a table of pairs up to which averages over images are tried with each fault."""
BY_DEFINITION = "by definition"
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
"""How many people would have used it; 0.3 for others."""
NAMED_METRIC = 1.2
"""The call that the user has named comes before any other."""
OTHER_LIBRARY = 0.3
RARE_FAULT = 0.1
"""Faults less common than this are tried with the implementations that people use most."""
UNCOMMON_CONTRACT = 0.6
"""Of a contract that is not in the short table."""


@record
class Candidate:
    """A value, and what gives it."""

    value: float
    cause: Cause
    implementation: str
    plausibility: float


@record
class Candidates:
    """Every value that was worked out, with its cause."""

    found: tuple[Candidate, ...]
    values: tuple[float, ...]
    """The different ones, ascending."""
    with_arrays: bool
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
        evidence: the facts about a pair of arrays; `None`: closed forms alone.
        diagnosis: what is wrong with the arrays first of all; `None` of healthy ones.
        repaired: the label pairs after all repairs; `None` where there are none.
        num_classes: C, where no arrays say it.
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


def look_up(printed: PrintedScore, candidates: Candidates) -> ScoreLookup:
    """Return what a printed score can mean."""
    return ScoreLookup(
        printed=printed,
        matches=_group_by_value([each for each in candidates.found if each.value in printed]),
        values_tried=len(candidates.values),
        expected_by_chance=_count_by_chance(candidates.values, printed),
        conditions=()
        if candidates.with_arrays
        else faults.list_conditions(printed, num_classes=candidates.num_classes),
        with_arrays=candidates.with_arrays,
    )


def _drop_idle_faults(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates without those whose fault changes nothing for their implementation."""
    told: set[tuple[str, float]] = set()
    kept = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.cause.prior):
        key = candidate.implementation, round(candidate.value, 7)
        if not candidate.implementation or key not in told:
            kept.append(candidate)
        told.add(key)
    return kept


def _describe_unchanged_arrays(diagnosis: Finding | None) -> Cause:
    """Return the arrays as they are as a cause, by the name of what is wrong with them."""
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
    evidence: Evidence, as_given: Cause, repaired: PairCounts | None
) -> Iterator[Candidate]:
    inputs = evidence.inputs
    if inputs is None:
        return
    value = evidence.metric_score.value
    if value is not None:
        yield Candidate(value, as_given, evidence.metric.call, NAMED_METRIC)
    yield from _evaluate_contracts(as_given, inputs, all_implementations=True)
    read = prepare_label_inputs(inputs, evidence.pairs)
    for cause, changed in faults.list_what_ifs(read):
        plain = cause.prior >= faults.REPAIRED.prior
        yield from _evaluate_contracts(cause, changed, all_implementations=plain)
    if repaired is not None and repaired != evidence.pairs:
        yield from _evaluate_contracts(
            faults.REPAIRED, prepare_label_inputs(inputs, repaired), all_implementations=True
        )


def prepare_label_inputs(inputs: MetricInputs, pairs: PairCounts) -> MetricInputs:
    """Return class ids as a user would hand them over who has read both arrays well."""
    labels = pairs.relabel(truth=naive_answer, prediction=naive_answer)
    integers = np.dtype(np.int64)
    flat = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True)
    return replace(
        inputs,
        form=PredictionForm.LABELS,
        labels=labels,
        read=None,
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
    whole = replace(inputs, samples=1, labels=inputs.labels.pooled(), read=None)
    whole = replace(whole, flat={key: table.pooled() for key, table in inputs.flat.items()})
    images = all_implementations or len(inputs.labels.count) <= MOST_ROWS
    rare = cause.prior < RARE_FAULT
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
    prior = LIBRARY_WEIGHTS.get(contract.library, OTHER_LIBRARY)
    return prior if contract.common else UNCOMMON_CONTRACT * prior


def _drop_repeated(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [
        value
        for index, value in enumerate(ordered)
        if index == 0 or value - ordered[index - 1] > SAME_VALUE
    ]


def _count_by_chance(values: Sequence[float], printed: PrintedScore) -> float:
    """Return how many values would lie in the interval if its neighbourhood were even."""
    near = sum(abs(value - printed.middle) <= NEIGHBOURHOOD for value in values)
    return near * min(1.0, printed.width / (2 * NEIGHBOURHOOD))


def _group_by_value(found: Sequence[Candidate]) -> tuple[Match, ...]:
    """Return groups of equal values, the most plausible first."""
    groups: list[list[Candidate]] = []
    for candidate in sorted(found, key=lambda candidate: candidate.value):
        if groups and candidate.value - groups[-1][-1].value <= SAME_VALUE:
            groups[-1].append(candidate)
        else:
            groups.append([candidate])
    matches = [Match(group[0].value, _group_by_cause(group)) for group in groups]
    return tuple(sorted(matches, key=lambda match: (-match.plausibility, match.value)))


def _group_by_cause(group: Sequence[Candidate]) -> tuple[Suspect, ...]:
    by_cause: dict[Cause, list[Candidate]] = {}
    for candidate in group:
        by_cause.setdefault(candidate.cause, []).append(candidate)
    suspects = [
        Suspect(
            cause,
            tuple(
                dict.fromkeys(member.implementation for member in _sort_by_plausibility(members))
            ),
            max(member.plausibility for member in members),
        )
        for cause, members in by_cause.items()
    ]
    return tuple(sorted(suspects, key=lambda suspect: -suspect.plausibility))


def _sort_by_plausibility(members: Sequence[Candidate]) -> list[Candidate]:
    return sorted(members, key=lambda member: -member.plausibility)
