"""Decide what a report offers: no repair that lowers the score, no training before the format.

This is the only place that withdraws a repair or an advice. Checks state what they would do about
their own fault, and know nothing of the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
FEWEST_CLASSES = 2
"""The score of a single class is no measure: it is 1 if all other pixels were left out."""
ROUNDING = 1e-9
"""Scores that differ by less are equal."""


@record
class Chain:
    """The faults that hide others, and those that show only after their repair."""

    first: tuple[Finding, ...] = ()
    """The faults to repair first, in order."""
    hidden: tuple[Finding, ...] = ()


def offer_repairs(
    findings: Sequence[Finding],
    roots: Sequence[Finding],
    evidence: Evidence,
    recount: Recount,
    chain: Chain,
) -> tuple[list[Finding], float | None]:
    """Add the doctor's score after the repair of each finding, or withdraw the repair.

    A repair that lowers the score is withdrawn, unless it raises the score after other repairs:
    faults may hide each other.

    Args:
        findings: all findings, with repairs as their checks propose them.
        roots: those that are root causes, in the order in which to repair them.
        evidence: the facts, before any repair.
        recount: counts the label pairs again after steps that move pixels or samples.
        chain: the faults that show only after the repair of others.

    Returns:
        The findings, and the mean IoU after the repairs of all root causes.
    """
    offered = [finding for finding in roots if finding.repair]
    after = compute_mean_iou_after(_list_repairs(offered), evidence, recount)
    if evidence.interpretation.layout.relation is Relation.MISMATCHED:
        return list(findings), after
    alone = {id(f): _score_alone(f, evidence, recount, chain) for f in findings if f.repair}
    offered, after = _drop_harmful(offered, after, evidence, recount, alone)
    kept = {id(finding) for finding in offered}
    are_roots = {id(finding) for finding in roots}
    changed = []
    for finding in findings:
        if finding.repair is None:
            changed.append(finding)
            continue
        score, is_lower = alone[id(finding)]
        if id(finding) not in kept and (is_lower or id(finding) in are_roots):
            changed.append(_withdraw_repair(finding))
            continue
        # a repair that raises the score only together with others has their score
        together = after if is_lower else score
        estimated = finding.repair.estimated or recount.is_estimated(finding.repair.steps)
        repair = replace(finding.repair, mean_iou_after=together, estimated=estimated)
        changed.append(replace(finding, repair=repair))
    return changed, after


def _score_alone(
    finding: Finding, evidence: Evidence, recount: Recount, chain: Chain
) -> tuple[float | None, bool]:
    """Return the mean IoU after one repair, and whether it is lower than before.

    What shows only after the first repairs is repaired after them.
    """
    assert finding.repair is not None
    is_hidden = any(finding.rule.name == other.rule.name for other in chain.hidden)
    # a hidden fault may be the cause of the one that hid it, and its repair is then enough
    apparent = registry.load_consequences()[finding.rule.name]
    first = [other for other in chain.first if other.rule.name not in apparent]
    earlier = _list_repairs(first) if is_hidden else []
    before = repair_evidence(earlier, evidence, recount).repaired if earlier else evidence.repaired
    after = compute_mean_iou_after([*earlier, finding.repair], evidence, recount)
    if not _is_lower(after, before):
        return after, False
    return after, bool(earlier) or not _completes_the_score(finding, evidence, recount)


def _drop_harmful(
    offered: list[Finding],
    after: float | None,
    evidence: Evidence,
    recount: Recount,
    alone: Mapping[int, tuple[float | None, bool]],
) -> tuple[list[Finding], float | None]:
    """Return the findings whose repairs are offered, and the mean IoU after all of these.

    Args:
        offered: the root causes with a repair.
        after: the mean IoU after all these repairs.
        evidence: the facts, before any repair.
        recount: counts the label pairs again.
        alone: the mean IoU after each repair alone, and whether it is lower than before.
    """
    is_measure = _count_classes(evidence.repaired) >= FEWEST_CLASSES
    for finding in reversed(offered):
        scores = [alone[id(one)][0] for one in offered if one.repair and not one.repair.estimated]
        aim = max((score for score in scores if score is not None), default=None)
        is_conflict = None not in (after, aim) and (after or 0) < (aim or 0) - ROUNDING
        is_conflict = is_conflict and not _completes_the_score(finding, evidence, recount)
        if not alone[id(finding)][1] and not (is_measure and is_conflict and len(offered) > 1):
            continue
        rest = [one for one in offered if one is not finding]
        without = compute_mean_iou_after(_list_repairs(rest), evidence, recount)
        if after is None or (without or 0.0) >= after - ROUNDING:
            offered, after = rest, without
    return offered, after


def hold_back_advice(findings: Sequence[Finding]) -> list[Finding]:
    """Replace advice that supposes a right format as long as a fault of the format stands.

    Class weights are no cure for masks of 0 and 255 or a shift, and sorting files is none for a
    flip.
    """
    faults = [
        finding
        for finding in findings
        if finding.severity is not Severity.NOTE
        and not (finding.repair and finding.repair.keeps_scores)
    ]
    held_back: Collection[Suspicion] = ()
    if any(finding.rule.suspicion in FORMAT for finding in faults):
        held_back = [*Suspicion]
    elif any(
        finding.rule.suspicion is Suspicion.ALIGNMENT and finding.repair for finding in faults
    ):
        held_back = [Suspicion.COLLAPSE]
    return [
        finding
        if finding.rule.suspicion in FORMAT
        or finding.rule.suspicion not in held_back
        or finding.cautious_help is None
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

    If no pixel counted before, a repair after which none is right repairs nothing either.
    """
    if before.mean_iou is None:
        return after == 0
    if after is None or _count_classes(before) < FEWEST_CLASSES:
        return False
    return after < before.mean_iou - ROUNDING


def _completes_the_score(finding: Finding, evidence: Evidence, recount: Recount) -> bool:
    """Return whether a repair maps labels outside the classes to classes that are mostly right.

    The score before is then that of an easier part of the data, and may well be higher.
    """
    if finding.repair is None or finding.repair.relabel is None:
        return False
    after = repair_evidence([finding.repair], evidence, recount).repaired
    return _adds_right_pixels(evidence.repaired, after)


def _adds_right_pixels(before: Score, after: Score) -> bool:
    """Return whether more pixels count than before, and most of these are right."""
    more = after.pixels.counted - before.pixels.counted
    right = _count_right(after) - _count_right(before)
    return more > 0 and 2 * right > more


def _count_right(score: Score) -> int:
    return sum(entry.intersection for entry in score.per_class)


def _count_classes(score: Score) -> int:
    return sum(entry.iou is not None for entry in score.per_class)
