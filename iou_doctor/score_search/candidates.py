"""Every value that implementations and common faults would give for a pair of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Group
from iou_doctor.metrics.engine.count_areas import count_areas
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.libraries import CONTRACTS
from iou_doctor.metrics.registry import is_same_definition
from iou_doctor.report.finding import Finding
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate, Candidates
from iou_doctor.score_search.channels import ONE_BY_ONE, evaluate_channels, list_batch_sizes
from iou_doctor.score_search.conventions import PLAIN
from iou_doctor.score_search.derived_scores import derive_scores, list_losses
from iou_doctor.score_search.evaluate_contracts import (
    MOST_PAIR_ROWS,
    evaluate_contracts,
    evaluate_conventions,
    prepare_label_inputs,
)
from iou_doctor.score_search.faults.label_faults import (
    CLEARS_MASKS,
    NEEDS_255,
    READ_WELL,
    READS_SCORES,
    REPAIRED,
    UNCHANGED,
    list_faults,
    split_into_batches,
)
from iou_doctor.score_search.faults.measure_facts import measure_facts
from iou_doctor.score_search.formula_candidates import list_formula_candidates
from iou_doctor.score_search.odd_means import average_wrongly
from iou_doctor.score_search.processes import evaluate_processes
from iou_doctor.score_search.stored_values import evaluate_stored_values
from iou_doctor.score_search.threshold_means import average_tenths

TENTHS = Pairing(LabelDecoding.LABELS, LabelDecoding.TENTHS)
NAMED_METRIC_WEIGHT = 1.2
"""The weight of the metric that the user named: it ranks above all others."""
MOST_PLAIN_SCORE = 1 + 1e-4
"""The largest value of a ratio of areas, with some room for rounding and smooth terms."""
FEWEST_GREYS = 128
"""From here on, the largest value of masks may be white."""
_LARGE_MASKS = Cause(
    "masks-0-255",
    "the masks hold {largest}, where the sums expect 0 and 1: only that gives such a value",
    "use masks > 127, or divide the masks by 255",
    prior=1.0,
)


def collect_candidates(
    evidence: Evidence,
    *,
    diagnosis: Finding | None = None,
    repaired: PairCounts | None = None,
    read_well: Evidence | None = None,
) -> Candidates:
    """Return every value that implementations and faults would give for a pair of arrays.

    Args:
        evidence: the facts about the arrays.
        diagnosis: the root cause that was found in the arrays; `None` for healthy arrays.
        repaired: the label pairs after all repairs; `None` if there are none.
        read_well: the evidence after the repairs of values; `None` if there are none.
    """
    inputs, found = evidence.inputs, []
    if inputs is not None and evidence.interpretation.is_multilabel:
        found = list(_evaluate_channels(evidence, inputs))
    elif inputs is not None:
        found = list(_evaluate_arrays(evidence, inputs, diagnosis, repaired))
        if read_well is not None:
            found += _evaluate_values(evidence, read_well)
        found += _evaluate_formulas(evidence, inputs, repaired)
    else:  # the pixels do not pair up, and only a metric that flattens the arrays has a number
        found = list(_evaluate_named_metric(evidence, _describe_unchanged_arrays(diagnosis)))
    found = _drop_idle_faults([_blame_masks(candidate, evidence) for candidate in found])
    return Candidates(
        tuple(found), with_arrays=True, num_classes=evidence.interpretation.num_classes
    )


def _evaluate_formulas(
    evidence: Evidence, inputs: MetricInputs, repaired: PairCounts | None
) -> Iterator[Candidate]:
    pairs = evidence.pairs if repaired is None else repaired
    facts = measure_facts(prepare_label_inputs(inputs, pairs), arrays=evidence)
    num_classes = evidence.interpretation.num_classes
    return list_formula_candidates(num_classes=num_classes, facts=facts)


def _drop_idle_faults(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates without faults that do not change their implementation's value.

    Of equal values of an implementation, the cause with the highest prior is kept.
    """
    found: set[tuple[str, float]] = set()
    kept = []
    for candidate in sorted(candidates, key=lambda each: (not each.possible, -each.cause.prior)):
        key = candidate.implementation, round(candidate.value, 7)
        if not candidate.implementation or key not in found:
            kept.append(candidate)
        found.add(key)
    return kept


def _describe_unchanged_arrays(diagnosis: Finding | None) -> Cause:
    """Return the cause for scores of the unchanged arrays, named after their root cause if any."""
    cause = UNCHANGED
    if diagnosis is None:
        return cause
    return replace(
        cause,
        name=diagnosis.rule.name,
        claim=f"{cause.claim}: {diagnosis.rule.claim} ({diagnosis.rule.code})",
        next_step=diagnosis.help,
    )


def _blame_masks(candidate: Candidate, evidence: Evidence) -> Candidate:
    """Return the candidate, caused by masks above 1 if its value is no possible ratio."""
    largest = evidence.stats.y_true.maximum
    unchanged = candidate.cause.prior == UNCHANGED.prior
    plain = 0 <= candidate.value <= MOST_PLAIN_SCORE
    if not unchanged or plain or largest is None or largest <= 1:
        return candidate
    cause = replace(_LARGE_MASKS, claim=_LARGE_MASKS.claim.format(largest=f"{largest:g}"))
    if largest < FEWEST_GREYS:
        cause = replace(cause, next_step="compare with each class id first, or use masks > 0")
    return replace(candidate, cause=cause)


def _evaluate_arrays(
    evidence: Evidence,
    inputs: MetricInputs,
    diagnosis: Finding | None,
    repaired: PairCounts | None,
) -> Iterator[Candidate]:
    unchanged = _describe_unchanged_arrays(diagnosis)
    found = [
        *_evaluate_named_metric(evidence, unchanged),
        *evaluate_contracts(unchanged, inputs, all_implementations=True),
    ]
    yield from found
    yield from list_losses(found)
    yield from evaluate_stored_values(evidence)
    if evidence.interpretation.layout.y_true.is_dense:
        yield from evaluate_channels(ONE_BY_ONE, evidence.stats.sums, inputs)
    tenths = evidence.stats.tables.get(TENTHS)
    if tenths is not None:
        yield from average_tenths(tenths)
    as_labels = prepare_label_inputs(inputs, evidence.pairs)
    ruled_out = _find_ruled_out(evidence, inputs)
    for cause, changed in list_faults(as_labels):
        possible = cause.name not in ruled_out
        plain = cause.prior >= REPAIRED.prior
        yield from evaluate_contracts(cause, changed, all_implementations=plain, possible=possible)
        if possible:
            yield from evaluate_conventions(cause, changed)
    yield from _evaluate_last_steps(as_labels)
    if repaired is not None and repaired != evidence.pairs:
        mended = prepare_label_inputs(inputs, repaired)
        yield from evaluate_contracts(REPAIRED, mended, all_implementations=True)
        yield from evaluate_conventions(REPAIRED, mended)


def _find_ruled_out(evidence: Evidence, inputs: MetricInputs) -> frozenset[str]:
    """Return the names of the faults that the values of the arrays rule out."""
    names: frozenset[str] = frozenset()
    if inputs.form is PredictionForm.LABELS:
        names |= READS_SCORES
    if inputs.true_dtype.kind not in "biu":
        return names
    if len(inputs.labels.count_truths()) > 1:
        names |= CLEARS_MASKS
    largest = evidence.stats.y_true.maximum
    if largest is not None and largest <= 1:
        names |= NEEDS_255
    return names


def _evaluate_named_metric(evidence: Evidence, unchanged: Cause) -> Iterator[Candidate]:
    value = evidence.metric_score.value
    if value is not None:
        name = evidence.metric_score.name
        contract = evidence.metric.contract
        same = (
            known.name == name and (contract is None or is_same_definition(known, contract))
            for known in CONTRACTS
        )
        yield Candidate(
            value, unchanged, evidence.metric.call, NAMED_METRIC_WEIGHT, name if any(same) else ""
        )


def _evaluate_values(evidence: Evidence, read_well: Evidence) -> Iterator[Candidate]:
    """Yield what other definitions give for values that are read well."""
    if read_well.inputs is None or read_well.pairs == evidence.pairs:
        return
    inputs = prepare_label_inputs(read_well.inputs, read_well.pairs)
    yield from evaluate_contracts(READ_WELL, inputs, all_implementations=True)
    yield from evaluate_conventions(READ_WELL, inputs)
    for cause, changed in split_into_batches(inputs):
        yield from evaluate_contracts(cause, changed, all_implementations=False)
        yield from evaluate_conventions(cause, changed)
    yield from _evaluate_last_steps(inputs)


def _evaluate_last_steps(inputs: MetricInputs) -> Iterator[Candidate]:
    """Yield what is given by several processes, and by sums that are divided wrongly."""
    if len(inputs.labels.count) <= MOST_PAIR_ROWS:
        yield from evaluate_processes(inputs, list_batch_sizes(inputs))
        areas = count_areas(replace(inputs, batch_size=None), replace(PLAIN, group=Group.IMAGE))
        yield from average_wrongly(areas, list_batch_sizes(inputs))
        yield from derive_scores(areas, list_batch_sizes(inputs))


def _evaluate_channels(evidence: Evidence, inputs: MetricInputs) -> Iterator[Candidate]:
    """Yield what channels give that may overlap, each of them thresholded on its own."""
    yield from _evaluate_named_metric(evidence, UNCHANGED)
    yield from evaluate_channels(UNCHANGED, evidence.stats.sums, inputs)
