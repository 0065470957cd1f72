"""Decide what a report offers: no repair that lowers the score, no training before the format.

This is the only place that withdraws a repair or an advice. Checks state what they would do about
their own fault, and know nothing of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks import registry
from iou_doctor.checks.evidence import Evidence
from iou_doctor.diagnosis.what_if import Recount, compute_mean_iou_after, repair_evidence
from iou_doctor.metrics.score import Score
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Severity, Suspicion

FORMAT = frozenset(
    {
        Suspicion.SHAPES,
        Suspicion.NON_FINITE,
        Suspicion.ENCODING,
        Suspicion.MASK_VALUES,
        Suspicion.LABEL_RANGE,
        Suspicion.PERMUTATION,
    }
)
"""The kinds of faults that have to be repaired before the advice of any other kind is worth it."""
ROUNDING = 1e-9
"""Scores that differ by less are equal."""


@record
class Chain:
    """The faults that hide others, and those that show only after their repair."""

    first: tuple[Finding, ...] = ()
    """The faults to repair first, in order."""
    hidden: tuple[Finding, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of the rules of a chain of at least two; otherwise none."""
        chained = (*self.first, *self.hidden) if self.hidden else ()
        return frozenset(finding.rule.name for finding in chained)

    def list_repairs(self) -> list[Repair]:
        """Return the repairs of all faults of the chain, in order."""
        return _list_repairs([*self.first, *self.hidden])


def add_scores_after_repair(
    findings: Sequence[Finding], evidence: Evidence, recount: Recount, chain: Chain
) -> list[Finding]:
    """Add the doctor's score after the repair of each finding, or withdraw the repair.

    Args:
        findings: the findings, with repairs as their checks propose them.
        evidence: the facts, before any repair.
        recount: counts the label pairs again after steps that move pixels or samples.
        chain: the findings that belong together.
    """
    if evidence.interpretation.layout.relation is Relation.MISMATCHED:
        return list(findings)
    return [
        _add_score(finding, evidence, recount, chain) if finding.repair else finding
        for finding in findings
    ]


def _add_score(finding: Finding, evidence: Evidence, recount: Recount, chain: Chain) -> Finding:
    assert finding.repair is not None
    is_hidden = any(finding.rule.name == other.rule.name for other in chain.hidden)
    # a hidden fault may be the cause of the one that hid it, and its repair is then enough
    apparent = registry.load_consequences()[finding.rule.name]
    first = [other for other in chain.first if other.rule.name not in apparent]
    earlier = _list_repairs(first) if is_hidden else []
    before = repair_evidence(earlier, evidence, recount).repaired if earlier else evidence.repaired
    after = compute_mean_iou_after([*earlier, finding.repair], evidence, recount)
    if _is_lower(after, before) and chain.hidden and any(finding is one for one in chain.first):
        # a fault may hide another one so well that only the repair of both raises the score
        after = compute_mean_iou_after(chain.list_repairs(), evidence, recount)
    if _is_lower(after, before):
        return _withdraw_repair(finding)
    return replace(finding, repair=replace(finding.repair, mean_iou_after=after))


def withdraw_conflicting_repairs(
    findings: Sequence[Finding],
    roots: Sequence[Finding],
    evidence: Evidence,
    recount: Recount,
    chain: Chain,
) -> tuple[list[Finding], float | None]:
    """Withdraw repairs that lower the score once the repairs before them are done.

    Args:
        findings: all findings, with the scores after their repairs.
        roots: those that are root causes, in the order in which to repair them.
        evidence: the facts, before any repair.
        recount: counts the label pairs again after steps that move pixels or samples.
        chain: the findings that belong together: none of them is withdrawn.

    Returns:
        The findings, and the mean IoU after all repairs that are left.
    """
    offered = [finding for finding in roots if finding.repair]
    after = compute_mean_iou_after(_list_repairs(offered), evidence, recount)
    alone = [f.repair.mean_iou_after for f in offered if f.repair and not f.repair.estimated]
    aim = max((score for score in alone if score is not None), default=None)
    if len(offered) < 2 or after is None or aim is None or after >= aim - ROUNDING:
        return list(findings), after
    kept = _keep_improving(offered, evidence, recount, chain)
    changed = [
        finding
        if all(finding is not one for one in offered) or any(finding is one for one in kept)
        else _withdraw_repair(finding)
        for finding in findings
    ]
    return changed, compute_mean_iou_after(_list_repairs(kept), evidence, recount)


def _keep_improving(
    offered: Sequence[Finding], evidence: Evidence, recount: Recount, chain: Chain
) -> list[Finding]:
    """Return the findings whose repair does not lower the score after the repairs before it."""
    kept: list[Finding] = []
    before = evidence.repaired
    for finding in offered:
        repairs = _list_repairs([*kept, finding])
        after = repair_evidence(repairs, evidence, recount).repaired
        if finding.rule.name in chain.names or not _is_lower(after.mean_iou, before):
            kept.append(finding)
            before = after
    return kept


def hold_back_advice(findings: Sequence[Finding]) -> list[Finding]:
    """Replace advice that supposes a right format as long as a fault of the format stands.

    Class weights are no cure for masks of 0 and 255, and sorting files is none for a flip.
    """
    suspect = any(
        finding.rule.suspicion in FORMAT and finding.severity is not Severity.NOTE
        for finding in findings
    )
    if not suspect:
        return list(findings)
    return [
        finding
        if finding.rule.suspicion in FORMAT or finding.cautious_help is None
        else replace(finding, help=finding.cautious_help)
        for finding in findings
    ]


def _list_repairs(findings: Sequence[Finding]) -> list[Repair]:
    return [finding.repair for finding in findings if finding.repair]


def _withdraw_repair(finding: Finding) -> Finding:
    """Return the finding without its repair, and with the help that does not suppose it."""
    return replace(finding, repair=None, help=finding.cautious_help or finding.help)


def _is_lower(after: float | None, before: Score) -> bool:
    """Return whether a mean IoU is lower than that of an earlier score of several classes.

    The score of a single class is no measure: it is 1 if all other pixels were left out.
    """
    if after is None or before.mean_iou is None or _count_classes(before) < 2:
        return False
    return after < before.mean_iou - ROUNDING


def _count_classes(score: Score) -> int:
    return sum(entry.iou is not None for entry in score.per_class)
