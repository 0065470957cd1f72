"""Turn the evidence into a report: run the checks, find the root cause, and summarize it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Source
from iou_doctor.checks import registry
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis import offers
from iou_doctor.diagnosis.composed_help import agree_on_calls, compose_helps
from iou_doctor.diagnosis.hidden_faults import find_hidden_faults
from iou_doctor.diagnosis.offers import Chain
from iou_doctor.diagnosis.same_data import COMPARISONS
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.diagnosis.verdict import judge
from iou_doctor.diagnosis.what_if import Recount, repair_evidence
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.baseline import Baseline
from iou_doctor.report.finding import Finding, Outcome, Severity, Status, Suspicion
from iou_doctor.report.report import GATE, Input, Report
from iou_doctor.report.version import __version__


def diagnose(evidence: Evidence, selection: Selection, recount: Recount) -> Report:
    """Return the report with the findings of the selected rules, root causes first.

    Args:
        evidence: the facts.
        selection: which rules to report.
        recount: counts the label pairs again after steps that move pixels or samples.
    """
    findings, outcomes, chain = _run_checks_twice(evidence, recount)
    outcomes = tuple(
        outcome  # no selection hides the gate, which is what the user asks for
        if outcome in selection or outcome.rule.name == GATE
        else Outcome(outcome.rule, Status.SKIPPED, "not selected")
        for outcome in outcomes
    )
    fired = {outcome.rule.code for outcome in outcomes if outcome.status is Status.FIRED}
    findings = tuple(finding for finding in findings if finding.rule.code in fired)
    explains = _explain(findings, independent={f.rule.name for f in chain.hidden})
    roots = _list_roots(findings, explains)
    offered, after = offers.offer_repairs(findings, roots, evidence, recount, chain)
    advised = offers.hold_back_advice(_mark_new(offered, evidence.baseline))
    composed = compose_helps(advised, _list_roots(advised, explains), evidence)
    agreed = agree_on_calls(composed, _list_roots(composed, explains))
    findings = _sort_findings(agreed, explains)
    interpretation, layout = evidence.interpretation, evidence.interpretation.layout
    return Report(
        version=__version__,
        verdict=judge(findings, _list_roots(findings, explains), evidence, after),
        predictions=_describe_input(evidence.pair.y_pred, layout.y_pred, interpretation.y_pred),
        masks=_describe_input(evidence.pair.y_true, layout.y_true, interpretation.y_true),
        reading=interpretation,
        pixels=evidence.repaired.pixels,
        score=evidence.score,
        metric_call=evidence.metric.call,
        metric=evidence.metric_score,
        contracts=evidence.contracts,
        findings=findings,
        explains=explains,
        outcomes=outcomes,
        label_pairs=evidence.pairs.pool() if evidence.score else None,
        manuals={check.rule.code: check.manual for check in registry.load_checks()},
    )


def _run_checks_twice(
    evidence: Evidence, recount: Recount
) -> tuple[tuple[Finding, ...], tuple[Outcome, ...], Chain]:
    """Run the checks, and some of them again after the first repairs.

    Returns:
        All findings, the outcome of each rule, and the faults that hide others with those that they
        hid.
    """
    findings, outcomes = registry.run(evidence)
    chain = find_hidden_faults(evidence, _list_roots(findings, _explain(findings)), recount)
    again = chain.hidden
    hidden = frozenset(finding.rule.name for finding in again)
    outcomes = tuple(
        Outcome(outcome.rule, Status.FIRED) if outcome.rule.name in hidden else outcome
        for outcome in outcomes
    )
    first = tuple(finding for finding in findings if finding.rule.name not in hidden)
    return (*first, *again), outcomes, chain


def _mark_new(findings: Sequence[Finding], baseline: Baseline | None) -> list[Finding]:
    """Mark the findings that the baseline lacks, in their message and their facts."""
    known = None if baseline is None else baseline.findings
    if known is None:
        return list(findings)
    return [
        finding
        if finding.rule.name in known or finding.rule.name in COMPARISONS
        else replace(
            finding,
            message=f"{finding.message} (new since the baseline)",
            facts={**finding.facts, "new_since_baseline": True},
        )
        for finding in findings
    ]


def _explain(
    findings: Sequence[Finding], *, independent: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return, for each root cause, the names of the rules that fired only because of it.

    Args:
        findings: all findings.
        independent: names of rules that fire also after the repair of the others. Only other
            rules of this set can explain them.
    """
    found = {finding.rule.name for finding in findings}
    known = registry.load_consequences()
    consequences: set[str] = set()
    explains: dict[str, tuple[str, ...]] = {}
    for finding in _sort_causes_first(findings):
        name = finding.rule.name
        if name in consequences:
            continue
        open_to = found if name in independent else found.difference(independent)
        apparent = frozenset() if finding.is_alone else known[name] & open_to
        mine = sorted(apparent - consequences - set(explains))
        explains[name] = tuple(mine)
        consequences.update(mine)
    return {name: names for name, names in explains.items() if names}


def _sort_causes_first(findings: Sequence[Finding]) -> list[Finding]:
    """Sort findings by rank, with those that another finding can explain after all others."""
    worst = {finding.rule.name: finding.severity.rank for finding in findings}
    consequences = registry.load_consequences()
    explained = {
        name
        for finding in findings
        if not finding.is_alone
        for name in consequences[finding.rule.name]
        if finding.severity.rank >= worst.get(name, 0)
    }
    return sorted(findings, key=lambda finding: (finding.rule.name in explained, _rank(finding)))


def _rank(finding: Finding) -> tuple[int, int, str]:
    """Return the sort key of a finding: errors first, then causes that are suspected early.

    A warning about rare classes names no fault, so it comes after those that do. The code only
    decides the order of findings that are equal in both.
    """
    rule, suspicion = finding.rule, finding.rule.suspicion
    if suspicion is Suspicion.COLLAPSE and finding.severity is Severity.WARNING:
        suspicion = Suspicion.PERMUTATION
    return -finding.severity.rank, suspicion, rule.code


def _sort_findings(
    findings: Sequence[Finding], explains: dict[str, tuple[str, ...]]
) -> tuple[Finding, ...]:
    """Sort findings by rank, with the consequences of others last."""
    consequences = {name for names in explains.values() for name in names}
    return tuple(
        sorted(findings, key=lambda finding: (finding.rule.name in consequences, _rank(finding)))
    )


def _list_roots(findings: Sequence[Finding], explains: dict[str, tuple[str, ...]]) -> list[Finding]:
    """Return the findings that no other finding explains, in the order in which to repair them."""
    consequences = {name for names in explains.values() for name in names}
    return [f for f in sorted(findings, key=_rank) if f.rule.name not in consequences]


def list_repairs(report: Report) -> list[Repair]:
    """Return the repairs of the root causes, in the order in which to apply them."""
    roots = _list_roots(report.findings, dict(report.explains))
    return [finding.repair for finding in roots if finding.repair]


def count_repaired_pairs(report: Report, evidence: Evidence, recount: Recount) -> PairCounts | None:
    """Count the label pairs after all repairs of a report; `None` if there is nothing to repair."""
    repairs = list_repairs(report)
    if not repairs or any(repair.estimated and not repair.steps for repair in repairs):
        return None
    pairs = repair_evidence(repairs, evidence, recount).pairs
    return None if any(recount.is_estimated(repair.steps) for repair in repairs) else pairs


def _describe_input(source: Source, axes: Axes, encoding: Encoding) -> Input:
    return Input(
        path=source.path,
        format=source.format,
        shape=source.shape,
        dtype=str(source.dtype),
        encoding=encoding,
        class_axis=axes.channel if axes.is_dense else None,
    )
