"""Add to a report where the missing mean IoU goes, and how far the mean IoU may be trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.diagnosis.error_kinds import Size, changes_maps, count_kinds, find_kinds
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.root_cause import list_repairs
from iou_doctor.diagnosis.what_if import Recount, repair_evidence
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.interval import estimate_intervals
from iou_doctor.ledger.ledger import Ledger
from iou_doctor.ledger.prices import build_ledger
from iou_doctor.report.finding import Severity, Suspicion
from iou_doctor.report.report import CheckedArrays, Report

if TYPE_CHECKING:
    from iou_doctor.ledger.slicing import Slicing
    from iou_doctor.metrics.fine_grained import FineGrained

READ_RIGHT = frozenset({Suspicion.COLLAPSE, Suspicion.DEFINITIONS})
"""The kinds of errors that do not lie in the format of the arrays."""
UNPAIRED = "sample-count-mismatch"
"""The rule about samples without a partner."""
ROUNDING = 1e-9
"""Scores that differ by less are equal."""


def add_account(
    report: Report, evidence: Evidence, recount: Recount, request: CheckRequest
) -> Report:
    """Return the report with its ledger and intervals.

    They are of the repaired arrays if the report offers repairs. There are none if an error has no
    repair or an estimated one, because the account of misread arrays would mislead.

    Args:
        report: the report.
        evidence: the facts that it is about.
        recount: counts the label pairs again after steps that move pixels or samples.
        request: what the user asks.

    Raises:
        UsageError: the data set cannot be cut into the slices that are asked for.
    """
    counted = count_after_repairs(report, evidence, recount)
    report = replace(report, arrays=keep_arrays(evidence, counted))
    if counted is None:
        _foresee_kinds(report, evidence, recount, request)
        return report
    areas = counted.count_areas()
    intervals = estimate_intervals(areas, request.confidence)
    ledger = _build_ledger(report, counted, evidence, recount, request)
    return replace(
        report,
        ledger=ledger,
        fine_grained=_compute_details(report, counted, evidence, recount, request),
        interval=intervals.mean,
        class_intervals=intervals.classes,
        image_areas=areas,
    )


def _compute_details(
    report: Report, counted: Counted, evidence: Evidence, recount: Recount, request: CheckRequest
) -> FineGrained | None:
    """Return the other means of the arrays that the ledger is of, if they are asked for."""
    if not (request.details or request.boundary_iou):
        return None
    from iou_doctor.metrics.fine_grained import compute_fine_grained

    found = compute_fine_grained(
        counted.pairs,
        num_classes=len(counted.score.per_class),
        ignore_index=counted.ignore_index,
    )
    if found is None or not request.boundary_iou:
        return found
    from iou_doctor.diagnosis.boundaries import add_boundary  # few checks ask for it

    may_predict = request.ledger == "full"
    repairs = list_repairs(report)
    return add_boundary(found, repairs, counted, evidence, recount, may_predict=may_predict)


def _build_ledger(
    report: Report, counted: Counted, evidence: Evidence, recount: Recount, request: CheckRequest
) -> Ledger | None:
    """Return the ledger with all that was asked for; `None` if it was not, or there is none."""
    if request.ledger == "off":
        return None
    repairs = list_repairs(report)
    ledger = build_ledger(
        counted.pairs,
        counted.score,
        ignore_index=counted.ignore_index,
        of="as-stored" if all(one.keeps_scores for one in repairs) else "after-repair",
        name_sample=lambda sample: name_sample(evidence, sample),
    )
    if ledger is None:
        return None
    if counted.lost:
        from iou_doctor.ledger.lost_classes import find_lost_classes  # few checks have any

        known = None if changes_maps(repairs, evidence) else evidence.sampled
        maps = None if known is None else known.crops
        ledger = replace(ledger, lost_classes=find_lost_classes(ledger, counted, maps))
    if request.slices:
        ledger = replace(ledger, slicings=_cut_slices(counted, evidence, request))
    if not ledger.pairs:
        return ledger
    size = Size.of(evidence.pair, evidence.interpretation.layout)
    if not size.wants_kinds(request.ledger):
        return replace(ledger, lacks_kinds=size.explain_lack(request.ledger))
    return find_kinds(ledger, repairs, counted, evidence, recount)


def _foresee_kinds(
    report: Report, evidence: Evidence, recount: Recount, request: CheckRequest
) -> None:
    """Ask for the kinds of errors before there is a ledger, if its scores are still estimated.

    The round that makes the scores exact then finds the kinds as well.
    """
    repairs = list_repairs(report)
    is_estimated = any(recount.is_estimated(one.steps) for one in repairs)
    if not is_estimated or _is_misread(report, evidence) or evidence.pair.model is not None:
        return
    size = Size.of(evidence.pair, evidence.interpretation.layout)
    if size.wants_kinds(request.ledger):
        count_kinds(repairs, evidence, recount)


def _cut_slices(counted: Counted, evidence: Evidence, request: CheckRequest) -> tuple[Slicing, ...]:
    from iou_doctor.diagnosis.slicing import cut_slices  # few checks ask for it

    layout = evidence.interpretation.layout
    return tuple(
        cut_slices(one, counted, evidence.pair, layout, confidence=request.confidence)
        for one in request.slices
    )


def count_after_repairs(report: Report, evidence: Evidence, recount: Recount) -> Counted | None:
    """Return the label pairs and the score after all repairs that a report offers.

    `None` if an error has no repair or an estimated one.
    """
    repairs = list_repairs(report)
    if _is_misread(report, evidence) or any(recount.is_estimated(one.steps) for one in repairs):
        return None
    after = repair_evidence(repairs, evidence, recount) if repairs else evidence
    promised = report.verdict.mean_iou_after_all if repairs else report.mean_iou
    if promised is None or abs((after.repaired.mean_iou or 0) - promised) > ROUNDING:
        return None
    return Counted(after.pairs, after.repaired, after.interpretation.ignore_index)


def _is_misread(report: Report, evidence: Evidence) -> bool:
    """Return whether no repair that the report offers makes the arrays mean what they should."""
    interpretation, pair = evidence.interpretation, evidence.pair
    # files that have a partner are scored rightly, whatever the others are
    harmless = {UNPAIRED} if pair.unpaired_true or pair.unpaired_pred else set()
    if interpretation.is_multilabel or interpretation.layout.relation is Relation.MISMATCHED:
        return True
    if any(repair.estimated and not repair.steps for repair in list_repairs(report)):
        return True
    return any(
        finding.severity is Severity.ERROR
        and finding.rule.suspicion not in READ_RIGHT
        and finding.repair is None
        and finding.rule.name not in {*report.consequences, *harmless}
        for finding in report.findings
    )


def name_sample(evidence: Evidence, sample: int) -> str:
    """Return the stem of the file of a sample, or its number."""
    names = evidence.pair.y_true.names
    return names[sample] if names else str(sample)


def keep_arrays(evidence: Evidence, counted: Counted | None) -> CheckedArrays:
    """Return the arrays, how they were read, and what was counted.

    Args:
        evidence: the facts.
        counted: the label pairs after all repairs; `None` if the arrays are misread.
    """
    inputs, reading, names = evidence.inputs, evidence.interpretation, evidence.pair.y_true.names
    pair = evidence.pair
    return CheckedArrays(
        open=lambda: pair,
        name_sample=lambda sample: names[sample] if names else str(sample),
        names=tuple(names or ()),
        interpretation=reading,
        metric=evidence.metric,
        threshold=inputs.threshold if inputs else reading.threshold,
        counted=counted,
    )
