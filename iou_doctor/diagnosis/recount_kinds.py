"""Find the kinds of errors with one more pass over the arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.kind_counts import KindCounts
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.moved_samples import move_samples
from iou_doctor.diagnosis.passes import build_repair
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.record import record
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.step import Side, Step
from iou_doctor.scan.kinds import Labels, scan_kinds

if TYPE_CHECKING:
    from iou_doctor.counts.label_changes import LabelChanges


@record
class RecountKinds:
    """Of which kinds are the errors after steps that move pixels or samples, and other changes?"""

    plan: CountPlan
    """How the arrays were counted before."""
    pairing: Pairing
    steps: tuple[Step, ...] = ()
    """What moves pixels or samples, or changes the labels of some samples."""
    changes: LabelChanges | None = None
    """Which classes the labels stand for; `None` if they are the classes."""

    def answer(self, arrays: OpenArrays) -> KindCounts | None:
        """Return the counts of some samples."""
        layout = self.plan.layout
        moved = move_samples(arrays.pair.y_pred, layout.y_pred, self.steps)
        return scan_kinds(
            replace(arrays.pair, y_pred=moved),
            layout,
            self.pairing,
            threshold=self.plan.threshold,
            repair=build_repair(layout, self.steps),
            relabel=self._relabel,
            changes=self.changes,
            jobs=arrays.settings.jobs,
            samples=arrays.samples,
        )

    def _relabel(
        self, y_true: Labels, y_pred: Labels, samples: NDArray[np.int64]
    ) -> tuple[Labels, Labels]:
        """Return the labels with those of some samples replaced by others."""
        for step in self.steps:
            if isinstance(step, RelabelSome):
                own = y_true if step.side is Side.MASKS else y_pred
                other = step.apply_to(own, samples, spatial=own.ndim - 1).astype(np.int64)
                y_true, y_pred = (other, y_pred) if step.side is Side.MASKS else (y_true, other)
        return y_true, y_pred

    def merge(self, answers: Sequence[KindCounts | None]) -> KindCounts | None:
        """Return the counts of all samples."""
        return KindCounts.merge([one for one in answers if one is not None])
