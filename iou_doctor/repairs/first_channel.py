"""Take the first of several equal channels."""

from __future__ import annotations

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class FirstChannel(Step):
    """Keep the first channel of images that store the same grey value three times."""

    stage = Stage.DECODE

    def apply(self, values: StoredArray, *, spatial: int) -> StoredArray:
        """Return (n, *spatial, C) as (n, *spatial)."""
        if values.ndim != spatial + 2:
            raise RepairError(f"shape {values.shape} has no channels behind {spatial} spatial axes")
        return values[..., 0]
