"""The whole flow on one page: request, metric, layout, one pass, evidence, report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from iou_doctor import interpret
from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption, Layout
from iou_doctor.arrays.odd_scores import OddScores, use_usual_scores
from iou_doctor.arrays.source import Pair
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import load_plan
from iou_doctor.diagnosis.account import add_account
from iou_doctor.diagnosis.count_plan import plan_counts
from iou_doctor.diagnosis.count_values import count_values
from iou_doctor.diagnosis.error_kinds import add_kinds
from iou_doctor.diagnosis.gather_evidence import Interpreted, MetricReading, gather_evidence
from iou_doctor.diagnosis.passes import Counts, count
from iou_doctor.diagnosis.questions import Arrays, OpenArrays, Progress, ScanSettings
from iou_doctor.diagnosis.recounter import Recounter
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.root_cause import diagnose, list_repairs
from iou_doctor.diagnosis.same_data import refuse_other_shapes, refuse_other_values
from iou_doctor.diagnosis.understanding import infer_layout, parse_metric
from iou_doctor.diagnosis.what_if import Recount
from iou_doctor.diagnosis.whole_maps import keep_whole_maps
from iou_doctor.interpret.scrambled_scores import are_scores_rough
from iou_doctor.metrics.user.user_metric import UserMetric
from iou_doctor.report.report import Report
from iou_doctor.scan.threads import count_usable_cores
from iou_doctor.sources.files.stamps import check_unchanged
from iou_doctor.sources.opening import open_pair, open_pairs

if TYPE_CHECKING:
    from iou_doctor.report.score_lookup import ScoreLookup


def check(
    request: CheckRequest,
    *,
    progress: Progress | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Report:
    """Open the arrays of a request and return the Report on them.

    Args:
        request: what to check, and how.
        progress: called with the number of samples done and in total.
        meanwhile: what this thread may do while others count.

    Raises:
        UsageError: options that do not go together.
        SourceError: a file cannot be read.
        ReadingError: the arrays cannot be understood.
    """
    pair = open_arrays(request)
    return check_pair(pair, request, progress=progress, meanwhile=meanwhile)


def open_arrays(request: CheckRequest) -> Pair:
    """Return the two arrays of a request.

    Raises:
        UsageError: arrays are missing, or do not go together.
        SourceError: one of them cannot be read.
    """
    if request.pairs is not None:
        return open_pairs(request.pairs)
    return open_pair(
        y_true=request.masks,
        y_pred=request.predictions,
        model=request.model,
        images=request.images,
    )


def choose_settings(request: CheckRequest) -> ScanSettings:
    """Return where and with how many threads to count."""
    return ScanSettings(request.jobs or count_usable_cores(), request.device)


@np.errstate(over="ignore", invalid="ignore")  # huge and signalling values are data as well
def check_pair(
    pair: Pair,
    request: CheckRequest,
    *,
    progress: Progress | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Report:
    """Return the Report on two arrays that are open already; see `check`.

    Raises:
        SourceError: a file cannot be read, or a program has changed it meanwhile.
        ReadingError: the arrays cannot be understood.
        UsageError: options that do not go together.
    """

    def prepare() -> None:
        load_plan()
        if meanwhile is not None:
            meanwhile()

    is_prepared = meanwhile is None and load_plan.cache_info().currsize
    arrays = OpenArrays(
        pair,
        choose_settings(request),
        progress=progress,
        meanwhile=None if is_prepared else prepare,
    )
    return report_on(pair, request, arrays)


@np.errstate(over="ignore", invalid="ignore")
def report_on(pair: Pair, request: CheckRequest, arrays: Arrays) -> Report:
    """Return the Report on two arrays, whoever answers questions about their values.

    Args:
        pair: the arrays; only their names, shapes and dtypes are used.
        request: what to check, and how.
        arrays: answers what has to be read.

    Raises:
        SourceError: a file cannot be read, or a program has changed it meanwhile.
        ReadingError: the arrays cannot be understood.
        UsageError: options that do not go together.
    """
    evidence, recount = examine(pair, request, arrays)
    report = diagnose(evidence, request.selection, recount)
    report = add_account(report, evidence, recount, request)
    report = _add_block(report, evidence, recount)
    report = replace(
        report, fail_on=request.fail_on, all_implementations=request.all_implementations
    )
    refuse_other_values(request.baseline, report)
    lookup = _explain_score(report, request, evidence, recount, arrays)
    report = replace(report, lookup=lookup)
    check_unchanged(pair.files)
    return _note_deviations(report, pair, arrays)


@np.errstate(over="ignore", invalid="ignore")
def examine(pair: Pair, request: CheckRequest, arrays: Arrays) -> tuple[Evidence, Recount]:
    """Return the facts about two arrays, and a function that counts once more after repairs."""
    pair, metric = parse_metric(pair, request)
    layout = arrays.layout or infer_layout(pair, metric)
    refuse_other_shapes(request.baseline, pair, layout)
    read = _count(pair, layout, metric, request, arrays)
    if layout.has_declared_channels and not read.interpretation.is_multilabel:
        layout = arrays.layout or infer_layout(pair, metric, may_be_channels=False)
        read = _count(pair, layout, metric, request, arrays)  # only the windows held two values
    other = _find_other_order(pair, read.counts, arrays)
    stored = None if other is None else _count(pair, other, metric, request, arrays)
    if stored is not None and not read.counts.plan.layout.y_pred.is_reshaped:
        read, stored = stored, read
    ask, plan = arrays.ask, read.counts.plan
    rows = _count_rows(pair, layout, metric, request, arrays)
    evidence = gather_evidence(ask, pair, read, metric, request, stored=stored, rows=rows)
    evidence = keep_whole_maps(ask, count_values(ask, evidence, plan))
    return evidence, Recounter(ask, plan, read.interpretation, evidence.sampled)


def _find_other_order(pair: Pair, counts: Counts, arrays: Arrays) -> Layout | None:
    """Return the layout of scores in the order that was not counted, if both orders matter."""
    layout = counts.plan.layout
    if layout.y_pred.is_reshaped:
        as_stored = replace(layout.y_pred, is_reshaped=False)
        return replace(layout, y_pred=as_stored) if pair.model is None else None
    if not are_scores_rough(pair, layout, counts.stats):
        return None
    from iou_doctor.diagnosis.scrambled import find_written_order

    return find_written_order(arrays.ask, layout)


def _count_rows(
    pair: Pair, layout: Layout, metric: UserMetric, request: CheckRequest, arrays: Arrays
) -> MetricReading | None:
    """Return the counts of arrays whose rows the metric takes for channels; `None` for others."""
    of_rows, axes = metric.of_rows, layout.y_true
    plain = axes.channel is None and axes.has_sample_axis and len(axes.shape) in {3, 4}
    if of_rows is None or arrays.layout is not None or not plain:
        return None
    if layout.y_pred.channel is not None or layout.y_pred.shape != axes.shape:
        return None
    letters = "NC" + {3: "L", 4: "HW"}[len(axes.shape)]
    options = Options(layout=f"{letters},{letters}", threshold=metric.options.threshold)
    of_rows = replace(of_rows, options=options)
    layout = infer_layout(pair, of_rows)
    return MetricReading(of_rows, _count(pair, layout, of_rows, request, arrays))


def _count(
    pair: Pair, layout: Layout, metric: UserMetric, request: CheckRequest, arrays: Arrays
) -> Interpreted:
    """Return the counts of arrays with this layout, and what they mean."""
    plan = plan_counts(pair, layout, metric, for_all=request.counts_for_all)
    plan = add_kinds(plan, request.ledger, pair)
    counts = count(arrays.ask, plan)
    odd = _find_odd_scores(counts, arrays)
    if counts.stats.y_pred.fractional and odd is None and not layout.y_pred.is_dense:
        from iou_doctor.diagnosis.near_ids import count_near_ids  # only for fractions

        counts = count_near_ids(arrays.ask, pair, counts, metric.options)
    interpretation = interpret.infer_interpretation(
        pair,
        counts.plan.layout,
        use_usual_scores(counts.stats, odd),
        metric.options,
        threshold=counts.plan.threshold,
        takes_channels=metric.channel_axis is not None,
    )
    assumed = (*interpretation.assumed, *metric.assumed)
    return Interpreted(counts, replace(interpretation, assumed=assumed), odd)


def _find_odd_scores(counts: Counts, arrays: Arrays) -> OddScores | None:
    """Return the samples whose scores are on another scale than those of the others."""
    values = counts.stats.y_pred
    have_mixed_sums = 0 < values.sum_off < values.pixels
    if not values.fractional or not (
        values.outside_unit or not values.off_255_grid or have_mixed_sums
    ):
        return None
    from iou_doctor.diagnosis.sample_scales import find_odd_scores  # not for probabilities

    return find_odd_scores(arrays.ask, counts)


def _add_block(report: Report, evidence: Evidence, recount: Recount) -> Report:
    """Add to the report the code that makes all repairs."""
    if not list_repairs(report):
        return report
    from iou_doctor.diagnosis.repair_block import write_block

    return replace(report, block=write_block(report, evidence, recount))


def _explain_score(
    report: Report,
    request: CheckRequest,
    evidence: Evidence,
    recount: Recount,
    arrays: Arrays,
) -> ScoreLookup | None:
    """Return what the printed score of the request can mean; `None` if it has none."""
    if request.score_to_explain is None:
        return None
    from iou_doctor.diagnosis.explain_score import explain_score

    return explain_score(report, request, evidence, recount, arrays)


def _note_deviations(report: Report, pair: Pair, arrays: Arrays) -> Report:
    """Add to the report what was done differently from what the user asked for."""
    notes = []
    fallbacks = ", ".join(arrays.fallbacks)
    if fallbacks:
        notes.append(Assumption("device", "cpu", f"the GPU's kernels do not support {fallbacks}"))
    halved = pair.model.collect_facts().halved if pair.model else None
    if halved is not None:
        why = "the memory was full with twice as many images at once"
        notes.append(Assumption("model.batch_size", str(halved), why))
    reading = replace(report.reading, assumed=(*report.reading.assumed, *notes))
    return replace(report, reading=reading)
