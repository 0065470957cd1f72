"""What repairs would be worth: the doctor's label pairs and mean IoU after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from iou_doctor import repairs
from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.score import compute_score
from iou_doctor.repairs.repair import REORDER, Repair, Step

Recount = Callable[[Sequence[Step]], PairCounts]

TIMES_255 = "times_255"
"""The step whose label pairs the first pass has counted beside the others."""


def mean_iou_after(chosen: Sequence[Repair], evidence: Evidence, recount: Recount) -> float | None:
    """Return the doctor's mean IoU after all these repairs, in this order."""
    guesses = [r.mean_iou_after for r in chosen if r.estimated and not r.steps]
    if any(guess is not None for guess in guesses):
        # seen on some samples, after the relabelling that was found before: no counts can be added
        return max(guess for guess in guesses if guess is not None)
    return repaired(chosen, evidence, recount).repaired.mean_iou


def repaired(chosen: Sequence[Repair], evidence: Evidence, recount: Recount) -> Evidence:
    """Return the evidence with the label pairs and the score after repairs, in this order."""
    pairs = _counted([step for repair in chosen for step in repair.steps], evidence, recount)
    num_classes, ignore_index = (
        evidence.interpretation.num_classes,
        evidence.interpretation.ignore_index,
    )
    for repair in chosen:
        pairs = repair.relabel(pairs) if repair.relabel else pairs
        num_classes = repair.num_classes or num_classes
        ignore_index = ignore_index if repair.ignore_index is None else repair.ignore_index
    after = compute_score(pairs=pairs, num_classes=num_classes, ignore_index=ignore_index)
    interpretation = replace(
        evidence.interpretation, num_classes=num_classes, ignore_index=ignore_index
    )
    return replace(evidence, pairs=pairs, repaired=after, interpretation=interpretation)


def _counted(steps: Sequence[Step], evidence: Evidence, recount: Recount) -> PairCounts:
    """Return the label pairs after the steps that no relabelling can stand for."""
    scaled = [step for step in steps if step.kind == TIMES_255]
    if any(is_to_recount(step, evidence) for step in steps):
        return recount([step for step in steps if is_to_recount(step, evidence)] + scaled)
    if scaled and evidence.times_255 is not None:
        return evidence.times_255
    return evidence.pairs


def is_to_recount(step: Step, evidence: Evidence) -> bool:
    """Return whether a step moves pixels that the doctor has not moved already."""
    if step.kind == REORDER:
        return True
    done = {Relation.SWAPPED: "swap_height_width", Relation.SCALED: "resize_nearest"}
    return repairs.moves(step) and done.get(evidence.interpretation.layout.relation) != step.kind
