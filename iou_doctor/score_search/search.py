"""From a printed score back to its causes: candidates that match it, grouped and ranked."""

from __future__ import annotations

from collections.abc import Sequence

from iou_doctor.report.score_lookup import Cause, Match, PrintedScore, ScoreLookup, Suspect
from iou_doctor.score_search import faults
from iou_doctor.score_search.candidates import SAME_VALUE, Candidate, Candidates

NEIGHBOURHOOD = 0.05
"""How far around the score candidates are counted to estimate their density."""


def look_up(printed: PrintedScore, candidates: Candidates) -> ScoreLookup:
    """Return what a printed score can mean."""
    return ScoreLookup(
        printed=printed,
        matches=_group_by_value([each for each in candidates.found if each.value in printed]),
        values_tried=len(candidates.values),
        expected_by_chance=_count_by_chance(candidates.values, printed),
        conditions=()
        if candidates.with_arrays
        else faults.list_conditions(printed, num_classes=candidates.num_classes),
        with_arrays=candidates.with_arrays,
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
        Suspect(
            cause,
            tuple(
                dict.fromkeys(member.implementation for member in _sort_by_plausibility(members))
            ),
            max(member.plausibility for member in members),
        )
        for cause, members in by_cause.items()
    ]
    return tuple(sorted(suspects, key=lambda suspect: -suspect.plausibility))


def _sort_by_plausibility(members: Sequence[Candidate]) -> list[Candidate]:
    return sorted(members, key=lambda member: -member.plausibility)
