"""What repairs do to label maps, for what one more pass over the arrays looks at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_changes import LabelChanges
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.moved_samples import move_samples
from iou_doctor.diagnosis.passes import build_repair
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.record import record
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.step import Side, Step
from iou_doctor.scan.label_maps import Labels, MapReader


@record
class MapChanges:
    """What repairs do to label maps, as plain values."""

    pairing: Pairing
    """How the labels are decoded that repairs turn into classes."""
    steps: tuple[Step, ...] = ()
    """What moves pixels or samples, or changes the labels of some samples."""
    labels: LabelChanges | None = None
    """Which classes the labels stand for; `None` if they are the classes."""
    left_out: tuple[int, ...] = ()
    """The samples that a repair leaves out."""

    def open(self, arrays: OpenArrays, plan: CountPlan) -> MapReader:
        """Return what reads the maps after the steps. Their labels are still to be changed.

        Args:
            arrays: some or all samples.
            plan: how the arrays were counted before.
        """
        moved = move_samples(arrays.pair.y_pred, plan.layout.y_pred, self.steps)
        return MapReader(
            replace(arrays.pair, y_pred=moved),
            plan.layout,
            self.pairing,
            threshold=plan.threshold,
            repair=build_repair(plan.layout, self.steps),
            relabel=self._relabel,
            left_out=self.left_out,
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
