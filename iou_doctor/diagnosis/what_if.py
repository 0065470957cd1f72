"""Compute the doctor's label pairs and mean IoU after repairs, without changing any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.score import Score, compute_score
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.step import Step
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.repairs.times_255 import Times255

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iou_doctor.counts.kind_counts import KindCounts
    from iou_doctor.diagnosis.map_changes import MapChanges


class Recount(Protocol):
    """Counts the arrays again after repairs."""

    def __call__(self, steps: Sequence[Step], /) -> PairCounts:
        """Return the label pairs after these steps."""
        ...

    def score_channels(self, steps: Sequence[Step]) -> Score:
        """Return the score of channels that overlap after these steps."""
        ...

    def measure_boundaries(
        self, changes: MapChanges, num_classes: int, ignore_index: int | None
    ) -> NDArray[np.int64] | None:
        """Return the areas of the bands along contours; `None` if nobody knows."""
        ...

    def count_kinds(self, changes: MapChanges) -> KindCounts | None:
        """Return the kinds of errors after these changes; `None` if nobody knows."""
        ...

    def is_estimated(self, steps: Sequence[Step]) -> bool:
        """Return whether counts after some of these steps were estimated from a few samples."""
        ...


DONE_BY_THE_DOCTOR: Mapping[Relation, type[Step]] = {
    Relation.SWAPPED: SwapHeightWidth,
    Relation.SCALED: ResizeNearest,
}
"""The step that the first pass has already applied so that the pixels pair up."""


def compute_mean_iou_after(
    chosen: Sequence[Repair], evidence: Evidence, recount: Recount
) -> float | None:
    """Return the doctor's mean IoU after all these repairs, applied in this order."""
    guesses = [r.mean_iou_after for r in chosen if r.estimated and not r.steps]
    if any(guess is not None for guess in guesses):
        # estimated on some samples, with earlier relabelling applied, so that there are no counts
        return max(guess for guess in guesses if guess is not None)
    return repair_evidence(chosen, evidence, recount).repaired.mean_iou


def repair_evidence(chosen: Sequence[Repair], evidence: Evidence, recount: Recount) -> Evidence:
    """Return the evidence with the label pairs and the score after these repairs in this order."""
    if evidence.interpretation.is_multilabel:
        steps = [step for repair in chosen for step in repair.steps]
        changing = [step for step in steps if needs_channels(step, evidence)]
        score = recount.score_channels(changing) if changing else evidence.repaired
        return replace(evidence, repaired=score)
    pairs = _count_pairs([step for repair in chosen for step in repair.steps], evidence, recount)
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
    if any(repair.exchanges_sides for repair in chosen):
        interpretation = replace(
            interpretation, y_true=interpretation.y_pred, y_pred=interpretation.y_true
        )
    return replace(evidence, pairs=pairs, repaired=after, interpretation=interpretation)


def _count_pairs(steps: Sequence[Step], evidence: Evidence, recount: Recount) -> PairCounts:
    """Return the label pairs after the steps that do more than map label pairs."""
    # the first pass has counted the label pairs of masks times 255 beside the others
    scaled: list[Step] = [step for step in steps if isinstance(step, (Times255, Rescale))]
    if any(needs_recount(step, evidence) for step in steps):
        return recount([step for step in steps if needs_recount(step, evidence)] + scaled)
    if any(isinstance(step, Rescale) for step in scaled):
        return evidence.pairs if evidence.by_value is None else evidence.by_value
    if scaled and evidence.times_255 is not None:
        return evidence.times_255
    return evidence.pairs


def needs_channels(step: Step, evidence: Evidence) -> bool:
    """Return whether a step changes channels, apart from thresholds and moves that are done."""
    if step.moves_pixels:
        return needs_recount(step, evidence)
    return not isinstance(step, (Threshold, Arrange))


def needs_recount(step: Step, evidence: Evidence) -> bool:
    """Return whether a step moves pixels or samples that the doctor has not already moved."""
    layout = evidence.interpretation.layout
    done = type(step) is DONE_BY_THE_DOCTOR.get(layout.relation)
    if isinstance(step, PermuteAxes):
        done = step.order == layout.axis_order
    return step.moves_pixels and not done
