"""Count the arrays once more, after steps of repairs, or estimate what nobody can count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from iou_doctor import interpret
from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import InterpretedProbe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.passes import Ask, RecountPairs
from iou_doctor.diagnosis.questions import Unanswered
from iou_doctor.metrics.score import Score
from iou_doctor.record import record
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.step import Side, Step
from iou_doctor.repairs.times_255 import Times255

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from iou_doctor.counts.kind_counts import KindCounts
    from iou_doctor.diagnosis.map_changes import MapChanges


@record
class Recounter:
    """Counts the arrays once more, after steps of repairs."""

    ask: Ask
    plan: CountPlan
    """How the arrays were counted."""
    interpretation: Interpretation
    sampled: InterpretedProbe | None = None
    """The maps of some samples, from which to estimate what the arrays cannot be asked."""
    known: dict[str, PairCounts] = field(default_factory=dict, compare=False, repr=False)
    """What was counted already: a repair is scored alone, with all others, and for the ledger."""
    estimated: dict[str, None] = field(default_factory=dict, compare=False, repr=False)
    """The steps, as text, after which nobody could count."""

    def __call__(self, steps: Sequence[Step]) -> PairCounts:
        """Return the doctor's label pairs after steps that move pixels or samples."""
        key = repr(tuple(steps))
        if key not in self.known:
            self.known[key] = self._count(steps)
        return self.known[key]

    def _count(self, steps: Sequence[Step]) -> PairCounts:
        pairing = interpret.choose_doctor_pairing(self.interpretation)
        moving = [step for step in steps if not isinstance(step, (Times255, Rescale))]
        chosen = scale_masks(pairing) if any(isinstance(s, Times255) for s in steps) else pairing
        if any(isinstance(step, Rescale) and step.side is Side.MASKS for step in steps):
            chosen = replace(pairing, y_true=LabelDecoding.ROUNDED)
        try:
            table = self.ask(RecountPairs(replace(self.plan, second=None), chosen, tuple(moving)))
        except Unanswered:
            from iou_doctor.diagnosis.estimate import estimate_pairs

            self.estimated.update(dict.fromkeys(map(repr, moving)))
            return estimate_pairs(self.sampled, moving)
        return interpret.decode_doctor_labels(table, self.interpretation, chosen)

    def score_channels(self, steps: Sequence[Step]) -> Score:
        """Return the score of channels that overlap after these steps."""
        from iou_doctor.diagnosis.channels import score_channels

        score = score_channels(self.ask, self.interpretation, steps)
        if not score.pixels.total:
            self.estimated.update(dict.fromkeys(map(repr, steps)))
        return score

    def is_estimated(self, steps: Sequence[Step]) -> bool:
        """Return whether counts after some of these steps were estimated from a few samples."""
        return any(repr(step) in self.estimated for step in steps)

    def count_kinds(self, changes: MapChanges) -> KindCounts | None:
        """Return the kinds of errors after these changes; `None` if nobody knows."""
        from iou_doctor.diagnosis.recount_kinds import RecountKinds  # only where it is wanted

        try:
            return self.ask(RecountKinds(replace(self.plan, second=None), changes))
        except Unanswered:
            return None

    def measure_boundaries(
        self, changes: MapChanges, num_classes: int, ignore_index: int | None
    ) -> NDArray[np.int64] | None:
        """Return the areas of the bands along contours; `None` if nobody knows."""
        from iou_doctor.diagnosis.boundaries import MeasureBoundaries  # only where it is wanted

        plan = replace(self.plan, second=None)
        try:
            return self.ask(MeasureBoundaries(plan, changes, num_classes, ignore_index))
        except Unanswered:
            return None


def scale_masks(pairing: Pairing) -> Pairing:
    """Return the pairing whose masks are multiplied by 255."""
    return replace(pairing, y_true=LabelDecoding.TIMES_255)
