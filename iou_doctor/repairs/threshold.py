"""Turn one channel of scores into 0 and 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class Threshold(Step):
    """Replace each score by 1 if it is at or above the threshold, compared in float32, else 0."""

    threshold: float
    no_class: int | None = None
    """The label of scores that are NaN; `None`: 0."""

    stage = Stage.DECODE

    def apply(self, values: StoredArray, *, spatial: int) -> NDArray[np.integer]:  # noqa: ARG002
        """Return 0 and 1 in the shape of the scores, as uint8 unless `no_class` needs more."""
        single = values.astype(np.float32)
        above = (single >= np.float32(self.threshold)).astype(np.uint8)
        if self.no_class is None:
            return above
        kept = np.where(np.isnan(single), self.no_class, above)
        return kept.astype(np.result_type(np.uint8, np.min_scalar_type(self.no_class)))
