"""Look a score up once more with further passes over the arrays, if nothing else gives it."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.checks.evidence import Evidence
from iou_doctor.report.score_lookup import ScoreLookup
from iou_doctor.score_search.axis_of_classes import SumChannels, evaluate_axis
from iou_doctor.score_search.candidate import Candidates
from iou_doctor.score_search.pixel_faults import Recount, try_pixel_faults, try_shuffles
from iou_doctor.score_search.search import look_up

LEAST_LIKELY = 0.03
"""The least plausibility of an explanation after which nothing else is tried: two classes that are
swapped give a number that has nothing to do with them too often."""


def look_closer(
    lookup: ScoreLookup,
    candidates: Candidates,
    evidence: Evidence,
    recount: Recount,
    sum_channels: SumChannels,
) -> ScoreLookup:
    """Return the lookup, with what needs more passes if nothing on these arrays gives the score.

    An axis is tried as classes that overlap, then pixels and samples are moved.

    Args:
        lookup: what the counts of the arrays explain.
        candidates: what was tried for it.
        evidence: the facts about the arrays.
        recount: counts the label pairs again after steps.
        sum_channels: adds up the areas of channels that overlap.
    """
    printed = lookup.printed
    explained = any(
        each.possible and each.plausibility >= LEAST_LIKELY and each.value in printed
        for each in candidates.found
    )
    if explained or not printed.is_possible:
        return lookup
    of_axis = tuple(evaluate_axis(evidence, sum_channels))
    candidates = replace(candidates, found=(*candidates.found, *of_axis))
    if any(each.value in printed for each in of_axis):
        return look_up(printed, candidates)
    moved = tuple(try_pixel_faults(evidence, recount, printed))
    found = look_up(printed, replace(candidates, found=(*candidates.found, *moved)))
    if any(each.value in printed for each in moved):
        return found
    shuffled = try_shuffles(evidence, recount, printed)
    return replace(found, conditions=(*shuffled, *found.conditions))
