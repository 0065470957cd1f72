"""The whole flow on one page: files -> Stats -> Scores -> Evidence, and on to the diagnosis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from iou_doctor import interpret
from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.arrays.interpretation import Interpretation, Options
from iou_doctor.arrays.layout import Assumption, Layout, Relation
from iou_doctor.arrays.pairings import list_doctor_pairings
from iou_doctor.arrays.source import Pair
from iou_doctor.checks.evidence import Evidence
from iou_doctor.choices import Device
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import Probe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.diagnosis.passes import Passes, ScanSettings
from iou_doctor.diagnosis.root_cause import diagnose, repaired_pairs
from iou_doctor.diagnosis.same_data import refuse_other_shapes, refuse_other_values
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.diagnosis.what_if import Recount
from iou_doctor.errors import UsageError
from iou_doctor.metrics.implementations import evaluate_all
from iou_doctor.metrics.libraries import keras
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import compute_score
from iou_doctor.metrics.user import compatibility, evaluate, prepare_inputs, user_metric
from iou_doctor.record import record
from iou_doctor.repairs.step import Step
from iou_doctor.repairs.times_255 import Times255
from iou_doctor.report.baseline import Baseline
from iou_doctor.report.report import Report
from iou_doctor.scan.threads import count_usable_cores

if TYPE_CHECKING:
    from iou_doctor.report.score_lookup import PrintedScore

DEFAULT_THRESHOLD = 0.5
MOST_CLASSES = 4096
"""Full ADE20K has about 3,100 ids; a table of this many classes squared takes 128 MiB."""


@record
class Questions:
    """What the user asks about a pair of arrays."""

    metric_call: str | None = None
    """The metric as written in the user's code; `None`: `keras.metrics.MeanIoU`."""
    selection: Selection = field(default_factory=Selection)
    """Which rules to report."""
    baseline: Baseline | None = None
    """An earlier report to compare with."""
    expected: ExpectedInterpretation | None = None
    """The reading that the configuration expects."""
    all_implementations: bool = False
    """Ask every contract, not only those that people compare most."""
    batch_size: int | None = None
    """Images in one update of a metric; `None`: all."""
    seen: PrintedScore | None = None
    """A score that somebody printed for these arrays."""


def check(
    pair: Pair,
    options: Options,
    questions: Questions | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
    jobs: int | None = None,
    device: Device = "cpu",
) -> Report:
    """Return the Report on a pair of arrays: one pass, then judgement.

    Args:
        pair: predictions and masks, opened.
        options: what the user said about them.
        questions: what the user asks; `None`: the usual.
        progress: called with the samples done and in all, now and then.
        jobs: threads; `None`: one for each usable core.
        device: what counts: the processor, or a GPU.

    Raises:
        UsageError: options that do not go together.
        SourceError: a file cannot be read.
        InterpretationError: the arrays cannot be understood.
    """
    questions = questions or Questions()
    workers = ScanSettings(jobs or count_usable_cores(), device)
    evidence, recount = gather(pair, options, questions, workers, progress=progress)
    report = diagnose(evidence, questions.selection, recount)
    report = replace(report, all_implementations=questions.all_implementations)
    refuse_other_values(questions.baseline, report)
    if questions.seen is not None:
        from iou_doctor.score_search.candidates import collect_candidates
        from iou_doctor.score_search.search import look_up

        repaired = repaired_pairs(report, evidence, recount)
        candidates = collect_candidates(evidence, diagnosis=report.primary, repaired=repaired)
        report = replace(report, lookup=look_up(questions.seen, candidates))
    return _with_notes(report, pair, workers)


def _with_notes(report: Report, pair: Pair, workers: ScanSettings) -> Report:
    """Return the report with what was done otherwise than asked for."""
    notes = []
    if workers.left:
        parts = ", ".join(workers.left)
        notes.append(Assumption("device", "cpu", f"the GPU's kernels do not know {parts}"))
    halved = pair.model.collect_facts().halved if pair.model else None
    if halved is not None:
        why = "the memory was full with twice as many images at once"
        notes.append(Assumption("model.batch_size", str(halved), why))
    interpretation = replace(report.reading, assumed=(*report.reading.assumed, *notes))
    return replace(report, reading=interpretation)


def gather(
    pair: Pair,
    options: Options,
    questions: Questions,
    workers: ScanSettings | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Evidence, Recount]:
    """Return the facts, and what counts the label pairs once more; see `check`."""
    workers = workers or ScanSettings(count_usable_cores())
    metric, options, assumed = user_metric.metric_of(questions.metric_call, options)
    _check_limits(options)
    layout = interpret.infer_layout(pair, options, num_classes=options.num_classes)
    metric = compatibility.fitted(metric, layout)
    refuse_other_shapes(questions.baseline, pair, layout)
    all_implementations = questions.all_implementations or questions.seen is not None
    first = _first_pass(
        pair, layout, metric, options, progress, workers, all_implementations=all_implementations
    )
    if interpret.is_same_storage_order(layout, first.stats):
        layout = replace(layout, relation=Relation.FLATTENED)
        first = _first_pass(
            pair,
            layout,
            metric,
            options,
            progress,
            workers,
            all_implementations=all_implementations,
        )
    interpretation = interpret.infer_interpretation(
        pair,
        layout,
        first.stats,
        options,
        num_classes=options.num_classes,
        ignore_index=options.ignore_index,
        threshold=first.passes.threshold,
    )
    if questions.metric_call is None:
        metric = keras.build_default_metric(
            num_classes=interpretation.num_classes, ignore_class=interpretation.ignore_index
        )
    interpretation = replace(interpretation, assumed=(*interpretation.assumed, *assumed))
    evidence = _evidence(pair, interpretation, first, metric, questions.batch_size)
    evidence = replace(
        evidence,
        baseline=questions.baseline,
        expected=questions.expected,
        model=pair.model.collect_facts() if pair.model else None,
    )
    evidence = _with_contracts(evidence, all_implementations=questions.all_implementations)
    return evidence, _recount(first.passes, interpretation)


@record
class _First:
    """What the one pass gathered, and how to pass again."""

    passes: Passes
    flat: Pairing | None
    """The pairing that the user's metric makes."""
    stats: Stats
    probe: Probe


def _first_pass(
    pair: Pair,
    layout: Layout,
    metric: Metric,
    options: Options,
    progress: Callable[[int, int], object] | None,
    workers: ScanSettings,
    *,
    all_implementations: bool,
) -> _First:
    flat = compatibility.pairing(metric, layout)
    passes = Passes(pair, layout, _threshold(options, metric), workers)
    wanted = [*list_doctor_pairings(pair, layout, options), flat]
    sums = None
    if all_implementations or metric.contract:
        wanted += prepare_inputs.pairings(pair, layout)
    if all_implementations or compatibility.wants_sums(metric):
        sums = prepare_inputs.sums_wanted(pair, layout, options.ignore_index)
    return _First(passes, flat, *passes.first(_unique(wanted), progress, sums))


def _with_contracts(evidence: Evidence, *, all_implementations: bool) -> Evidence:
    """Return the evidence with what other implementations report."""
    given = evidence.inputs
    if given is None:
        return evidence
    doctor = evidence.score.mean_iou if evidence.score else None
    table = evaluate_all(given, all_implementations=all_implementations, doctor=doctor)
    return replace(evidence, contracts=table)


def _recount(passes: Passes, interpretation: Interpretation) -> Recount:
    """Return what counts the doctor's label pairs once more, after steps."""
    pairing = interpret.choose_doctor_pairing(interpretation)

    def recount(steps: Sequence[Step]) -> PairCounts:
        moving = [step for step in steps if not isinstance(step, Times255)]
        chosen = pairing if len(moving) == len(steps) else _scaled(pairing)
        return interpret.decode_doctor_labels(passes.again(chosen, moving), interpretation, chosen)

    return recount


def _scaled(pairing: Pairing) -> Pairing:
    """Return the pairing with masks times 255."""
    return replace(pairing, y_true=LabelDecoding.TIMES_255)


def _check_limits(options: Options) -> None:
    if options.num_classes is not None and options.num_classes > MOST_CLASSES:
        raise UsageError(
            f"--num-classes {options.num_classes}: more than {MOST_CLASSES:,} classes are no"
            " segmentation; the largest label plus one is the number"
        )
    if options.threshold is not None and not math.isfinite(options.threshold):
        raise UsageError(f"--threshold {options.threshold}: give a number, 0.5 for instance")


def _threshold(options: Options, metric: Metric) -> float:
    if options.threshold is not None:
        return options.threshold
    return DEFAULT_THRESHOLD if metric.threshold is None else metric.threshold


def _unique(pairings: Sequence[Pairing | None]) -> list[Pairing]:
    return list(dict.fromkeys(pairing for pairing in pairings if pairing is not None))


def _evidence(
    pair: Pair,
    interpretation: Interpretation,
    first: _First,
    metric: Metric,
    batch_size: int | None,
) -> Evidence:
    stats, pairing = first.stats, interpret.choose_doctor_pairing(interpretation)
    counted = pairing in stats.tables
    pairs = _labels(stats, interpretation, pairing) if counted else PairCounts.merge([])
    repaired = compute_score(
        pairs=pairs,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    )
    paired = interpretation.layout.relation in {Relation.EQUAL, Relation.FLATTENED}
    ours = repaired if paired else None
    scaled = _scaled(pairing) if _scaled(pairing) in stats.tables else None
    given = prepare_inputs.inputs(
        pair, interpretation, stats, pairs, threshold=first.passes.threshold, batch_size=batch_size
    )
    integers = pair.y_pred.dtype.kind not in "f"
    fed = evaluate.Fed(metric, interpretation, stats, pairs, given, first.flat, integers)
    return Evidence(
        pair=pair,
        interpretation=interpretation,
        stats=stats,
        metric=metric,
        metric_score=evaluate.reported(fed, ours.mean_iou if ours else None),
        score_if_read_well=evaluate.score_if_read_well(fed, ours),
        pairs=pairs,
        score=ours,
        repaired=repaired,
        times_255=_labels(stats, interpretation, scaled) if scaled else None,
        sampled=interpret.decode_samples(first.probe, interpretation, pairing) if counted else None,
        sampled_times_255=interpret.decode_samples(first.probe, interpretation, scaled)
        if scaled
        else None,
        inputs=given,
    )


def _labels(stats: Stats, interpretation: Interpretation, pairing: Pairing) -> PairCounts:
    return interpret.decode_doctor_labels(stats.tables[pairing], interpretation, pairing)
