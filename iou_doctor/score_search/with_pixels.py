"""Look a score up once more with pixels and samples out of place, if nothing else gives it."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.checks.evidence import Evidence
from iou_doctor.report.score_lookup import ScoreLookup
from iou_doctor.score_search.candidate import Candidates
from iou_doctor.score_search.pixel_faults import Recount, try_pixel_faults, try_shuffles
from iou_doctor.score_search.search import look_up


def move_pixels(
    lookup: ScoreLookup, candidates: Candidates, evidence: Evidence, recount: Recount
) -> ScoreLookup:
    """Return the lookup, with faults that move pixels if nothing on these arrays gives the score.

    Args:
        lookup: what the counts of the arrays explain.
        candidates: what was tried for it.
        evidence: the facts about the arrays.
        recount: counts the label pairs again after steps.
    """
    printed = lookup.printed
    explained = any(each.possible and each.value in printed for each in candidates.found)
    if explained or not printed.is_possible:
        return lookup
    moved = tuple(try_pixel_faults(evidence, recount))
    found = look_up(printed, replace(candidates, found=(*candidates.found, *moved)))
    if any(each.value in printed for each in moved):
        return found
    shuffled = try_shuffles(evidence, recount, printed)
    return replace(found, conditions=(*shuffled, *found.conditions))
