"""Explain a printed score of the arrays, for `why` and `check --seen`."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.layout import Layout
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.channel_sums import ChannelSums
from iou_doctor.diagnosis.channels import sum_channels
from iou_doctor.diagnosis.kept_maps import keep_maps
from iou_doctor.diagnosis.questions import Arrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.root_cause import count_repaired_pairs
from iou_doctor.diagnosis.value_repairs import repair_values
from iou_doctor.diagnosis.what_if import Recount
from iou_doctor.report.report import Report
from iou_doctor.report.score_lookup import PrintedScore, ScoreLookup
from iou_doctor.score_search.candidates import collect_candidates
from iou_doctor.score_search.evaluate_contracts import prepare_label_inputs
from iou_doctor.score_search.search import look_up
from iou_doctor.score_search.separation import separate_scores
from iou_doctor.score_search.with_pixels import look_closer


def explain_score(
    report: Report,
    request: CheckRequest,
    evidence: Evidence,
    recount: Recount,
    arrays: Arrays,
) -> ScoreLookup:
    """Return what the printed score of a request can mean, and what separates it from another.

    Args:
        report: what the check found.
        request: it has a score to explain.
        evidence: the facts about the arrays.
        recount: counts the label pairs again after steps.
        arrays: answers further questions.
    """
    repaired = count_repaired_pairs(report, evidence, recount)
    kept = keep_maps(recount, arrays, pixels=evidence.pairs.total)
    read_well, count_again = repair_values(report, evidence, recount, kept) or (evidence, kept)
    candidates = collect_candidates(
        evidence, diagnosis=report.primary, repaired=repaired, read_well=read_well
    )

    def sum_axis(layout: Layout) -> ChannelSums:
        return sum_channels(arrays.ask, replace(read_well.interpretation, layout=layout))

    def explain(printed: PrintedScore) -> ScoreLookup:
        lookup = look_up(printed, candidates)
        if not arrays.can_read:
            return lookup
        return look_closer(lookup, candidates, read_well, count_again, sum_axis)

    assert request.score_to_explain is not None
    lookup = explain(request.score_to_explain)
    if request.versus is None:
        return lookup
    versus = explain(request.versus)
    inputs = [one for one in (evidence.inputs, read_well.inputs) if one is not None]
    inputs += [prepare_label_inputs(one, evidence.pairs) for one in inputs[:1]]
    separation = separate_scores(lookup, versus, inputs)
    return replace(lookup, versus=versus, separation=separation)
