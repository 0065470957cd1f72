"""From a printed score back to its causes: candidates that match it, grouped and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iou_doctor.report.score_lookup import (
    SAME_VALUE,
    Cause,
    Condition,
    Match,
    PrintedScore,
    ScoreLookup,
    Suspect,
)
from iou_doctor.score_search.candidate import Candidate, Candidates
from iou_doctor.score_search.faults.conditions import list_conditions
from iou_doctor.score_search.faults.impossible_scores import list_impossible

NEIGHBOURHOOD = 0.05
"""How far around the score candidates are counted to estimate their density."""
EXACT_FACTOR = 20.0
"""How much likelier a value is that equals a score of few digits than one that rounds to it."""
ELSEWHERE = "not from these arrays: "


def look_up(printed: PrintedScore, candidates: Candidates) -> ScoreLookup:
    """Return what a printed score can mean."""
    found = _find_matches(printed, candidates)
    matches = _group_by_value(found)
    return ScoreLookup(
        printed=printed,
        matches=matches,
        values_tried=len(candidates.values),
        expected_by_chance=_count_by_chance(candidates.values, printed),
        exact_matches=sum(printed.is_exactly(match.value) for match in matches),
        conditions=_find_conditions(printed, candidates, matched=bool(matches)),
        with_arrays=candidates.with_arrays,
    )


def look_up_both(
    printed: PrintedScore, versus: PrintedScore | None, candidates: Candidates
) -> ScoreLookup:
    """Return what a printed score can mean, and what another one can mean, if there is one."""
    lookup = look_up(printed, candidates)
    return lookup if versus is None else replace(lookup, versus=look_up(versus, candidates))


def _find_matches(printed: PrintedScore, candidates: Candidates) -> list[Candidate]:
    """Return the candidates that match, the exact ones raised if there are few digits.

    Causes that the arrays rule out are left out, unless nothing else gives the score. Without
    arrays a score of few digits matches only what equals it, as nearly every formula rounds to it.
    """
    matching = [candidate for candidate in candidates.found if candidate.value in printed]
    found = [candidate for candidate in matching if candidate.possible]
    if not found:
        found = [_move_elsewhere(candidate) for candidate in matching]
    if printed.is_precise:
        return found
    exact = [candidate for candidate in found if printed.is_exactly(candidate.value)]
    if not candidates.with_arrays:
        return exact
    raised = [replace(each, plausibility=EXACT_FACTOR * each.plausibility) for each in exact]
    return [*raised, *(candidate for candidate in found if candidate not in exact)]


def _move_elsewhere(candidate: Candidate) -> Candidate:
    cause = replace(candidate.cause, claim=ELSEWHERE + candidate.cause.claim)
    return replace(candidate, cause=cause)


def _find_conditions(
    printed: PrintedScore, candidates: Candidates, *, matched: bool
) -> tuple[Condition, ...]:
    """Return what the data would have to be; with arrays only if nothing else can explain it."""
    if not candidates.with_arrays:
        return list_conditions(printed, num_classes=candidates.num_classes)
    if matched:
        return ()
    return tuple(
        replace(each, cause=replace(each.cause, claim=ELSEWHERE + each.cause.claim))
        for each in list_impossible(printed)
    )


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
        _build_suspect(cause, _sort_by_plausibility(members)) for cause, members in by_cause.items()
    ]
    return tuple(sorted(suspects, key=lambda suspect: -suspect.plausibility))


def _build_suspect(cause: Cause, members: Sequence[Candidate]) -> Suspect:
    """Return the suspect of some candidates, the most plausible first."""
    contracts: dict[str, str] = {}
    for member in members:
        contracts.setdefault(member.implementation, member.contract)
    return Suspect(
        cause,
        tuple(contracts),
        max(member.plausibility for member in members),
        tuple(contracts.values()),
    )


def _sort_by_plausibility(members: Sequence[Candidate]) -> list[Candidate]:
    return sorted(members, key=lambda member: -member.plausibility)
