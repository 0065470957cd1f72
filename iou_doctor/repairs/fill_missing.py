"""Turn missing values into the ignore label."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class FillMissing(Step):
    """Replace NaN, infinity and some labels by the ignore label."""

    labels: tuple[float, ...]
    """Values that mean no data, such as -9999."""
    ignore_index: int

    stage = Stage.RELABEL

    def apply(self, values: StoredArray, *, spatial: int) -> StoredArray:  # noqa: ARG002
        """Return the filled values, in a wider dtype if the ignore label needs it."""
        missing = ~np.isfinite(values) | np.isin(values, self.labels)
        filled = np.where(missing, np.asarray(self.ignore_index), values)
        return filled.astype(np.result_type(values.dtype, np.min_scalar_type(self.ignore_index)))
