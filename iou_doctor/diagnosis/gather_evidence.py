"""From the counts to the evidence that the checks use."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor import interpret
from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.odd_scores import OddScores, use_usual_scores
from iou_doctor.arrays.source import Pair
from iou_doctor.arrays.white_masks import WHITE
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import MOST_IMPROVABLE_IOU
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.map_samples import InterpretedProbe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.diagnosis.passes import Ask, Counts
from iou_doctor.diagnosis.questions import Unanswered
from iou_doctor.diagnosis.recounter import scale_masks
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.metrics import overlapping
from iou_doctor.metrics.implementations import evaluate_all
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.score import Score, compute_score
from iou_doctor.metrics.user.counted_arrays import CountedArrays
from iou_doctor.metrics.user.evaluate import ROWS_ARE_CHANNELS
from iou_doctor.metrics.user.prepare_inputs import is_paired, prepare_inputs
from iou_doctor.metrics.user.user_metric import MetricAnswer, UserMetric
from iou_doctor.record import record


@record
class Interpreted:
    """What a pass counted, and what it means."""

    counts: Counts
    interpretation: Interpretation
    odd_scores: OddScores | None = None
    """The samples whose scores are on another scale; `None` if there are none."""

    @property
    def stats(self) -> Stats:
        """The counts, in which the values of the predictions are those of the usual samples."""
        return use_usual_scores(self.counts.stats, self.odd_scores)

    def decode_pairs(self) -> PairCounts:
        """Return the doctor's label pairs."""
        pairing = interpret.choose_doctor_pairing(self.interpretation)
        return self.decode(pairing) or PairCounts.merge([])

    def decode(self, pairing: Pairing) -> PairCounts | None:
        """Return the doctor's labels of a pairing; `None` if it was not counted."""
        table = self.counts.stats.tables.get(pairing)
        if table is None:
            return None
        return interpret.decode_doctor_labels(table, self.interpretation, pairing)

    def decode_samples(self, pairing: Pairing) -> InterpretedProbe | None:
        """Return the doctor's label maps of some samples; `None` if it was not counted."""
        if pairing not in self.counts.stats.tables:
            return None
        return interpret.decode_samples(self.counts.samples, self.interpretation, pairing)


@record
class MetricReading:
    """How a metric reads arrays that it takes for something else than the doctor does."""

    metric: UserMetric
    arrays: Interpreted


def gather_evidence(
    ask: Ask,
    pair: Pair,
    read: Interpreted,
    metric: UserMetric,
    request: CheckRequest,
    *,
    stored: Interpreted | None = None,
    rows: MetricReading | None = None,
) -> Evidence:
    """Return the facts about a pair of arrays.

    Args:
        ask: asks the arrays.
        pair: the sources.
        read: what the pass gathered, and how the arrays are to be understood.
        metric: the user's metric.
        request: what the user asks.
        stored: the arrays as the metric gets them, if the doctor has repaired their order.
        rows: the arrays as a metric reads them that takes rows for channels.
    """
    interpretation = read.interpretation
    request.minimums.resolve_classes(interpretation.class_names)  # refuses unknown classes
    pairing = interpret.choose_doctor_pairing(interpretation)
    scaled = scale_masks(pairing)
    pairs = read.decode_pairs()
    repaired = _score_repaired(ask, read, pairs)
    score = repaired if is_paired(interpretation.layout) else None
    given_pairs = stored.decode_pairs() if stored else pairs
    arrays = _prepare_arrays(pair, stored or read, given_pairs, request)
    arrays = replace(arrays, inputs=_drop_ignored_channels(ask, arrays.inputs, read))
    answer = metric.evaluate(arrays, score)
    if rows is not None:
        answer = _evaluate_rows(pair, rows, request, answer)
    evidence = Evidence(
        pair=pair,
        interpretation=interpretation,
        stats=read.stats,
        metric=answer.metric,
        metric_score=answer.score,
        score_if_read_well=answer.score_if_read_well,
        pairs=pairs,
        score=score,
        repaired=repaired,
        times_255=read.decode(scaled),
        odd_scores=read.odd_scores,
        sampled=read.decode_samples(pairing),
        sampled_times_255=read.decode_samples(scaled),
        inputs=arrays.inputs,
        model=pair.model.collect_facts() if pair.model else None,
        baseline=request.baseline,
        minimums=request.minimums,
        confidence=request.confidence,
        expected=request.expected,
        lacks_object=request.lacks_object,
    )
    evidence = _find_white_masks(ask, _compare_channels(ask, evidence))
    return _compare_implementations(evidence, all_implementations=request.all_implementations)


def _evaluate_rows(
    pair: Pair, rows: MetricReading, request: CheckRequest, if_read_well: MetricAnswer
) -> MetricAnswer:
    """Return what a metric reports that takes rows for channels."""
    read = _prepare_arrays(pair, rows.arrays, rows.arrays.decode_pairs(), request)
    answer = rows.metric.evaluate(read, None)
    note = f"{ROWS_ARE_CHANNELS}; give it (N, 1, H, W)"
    return replace(if_read_well, score=replace(answer.score, note=note))


def _prepare_arrays(
    pair: Pair, given: Interpreted, pairs: PairCounts, request: CheckRequest
) -> CountedArrays:
    """Return what the metrics get."""
    stats = given.counts.stats
    inputs = prepare_inputs(
        pair,
        given.interpretation,
        stats,
        pairs,
        threshold=given.counts.plan.threshold,
        batch_size=request.batch_size,
    )
    integers = pair.y_pred.dtype.kind not in "f"
    return CountedArrays(given.interpretation, stats, pairs, inputs, integers)


def _drop_ignored_channels(
    ask: Ask, inputs: MetricInputs | None, read: Interpreted
) -> MetricInputs | None:
    """Return the inputs without the ignored parts of channels, which the pass has counted."""
    interpretation, stats = read.interpretation, read.counts.stats
    is_declared = interpretation.ignore_index not in (None, 0, 1)
    has_ignored = interpretation.is_multilabel and is_declared and stats.y_true.outside_unit > 0
    if inputs is None or not has_ignored:
        return inputs
    from iou_doctor.diagnosis.channels import sum_channels

    return replace(inputs, sums=sum_channels(ask, interpretation))


def _score_repaired(ask: Ask, read: Interpreted, pairs: PairCounts) -> Score:
    """Return the doctor's score, with sizes and axes repaired."""
    interpretation = read.interpretation
    if interpretation.is_multilabel:
        stats = read.counts.stats
        sums = None if stats.y_true.outside_unit else stats.sums
        if sums is not None and read.counts.plan.threshold == interpretation.threshold:
            return overlapping.score_channels(sums, pixels=pairs.total)
        from iou_doctor.diagnosis import channels  # only channels that overlap need it

        return channels.score_channels(ask, interpretation)
    return compute_score(
        pairs=pairs,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    )


def _compare_channels(ask: Ask, evidence: Evidence) -> Evidence:
    """Return the evidence with maps of the channels, if they overlap and fit badly."""
    mean_iou = evidence.repaired.mean_iou
    if not evidence.interpretation.is_multilabel or (mean_iou or 0.0) > MOST_IMPROVABLE_IOU:
        return evidence
    from iou_doctor.diagnosis.channels import compare_channels

    try:
        overlaps, sampled = compare_channels(ask, evidence.interpretation, evidence.repaired)
    except Unanswered:
        return evidence
    return replace(evidence, overlaps=overlaps, sampled=sampled)


def _find_white_masks(ask: Ask, evidence: Evidence) -> Evidence:
    """Return the evidence with the samples that hold 255, if only some channels hold it."""
    interpretation, masks = evidence.interpretation, evidence.stats.y_true
    is_mixed = masks.maximum == WHITE and masks.one_hot > 0
    if not interpretation.is_multilabel or not is_mixed or interpretation.ignore_index == WHITE:
        return evidence
    from iou_doctor.diagnosis.white_masks import find_white_masks  # seldom needed

    return find_white_masks(ask, evidence)


def _compare_implementations(evidence: Evidence, *, all_implementations: bool) -> Evidence:
    """Return the evidence with what other implementations report."""
    if evidence.inputs is None or evidence.interpretation.is_multilabel:
        return evidence  # the others take one class for each pixel
    doctor = evidence.score.mean_iou if evidence.score else None
    contracts = evaluate_all(
        evidence.inputs, all_implementations=all_implementations, doctor=doctor
    )
    return replace(evidence, contracts=contracts)
