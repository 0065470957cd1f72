"""Join several masks of one image to a single one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class AnyChannel(Step):
    """Replace the channels of each pixel by 1 if one of the first channels is not 0, else by 0."""

    channels: int
    """How many of the channels count, from the first one."""

    stage = Stage.DECODE

    def apply(self, values: StoredArray, *, spatial: int) -> NDArray[np.uint8]:
        """Return (n, *spatial, C) as (n, *spatial)."""
        if values.ndim != spatial + 2:
            raise RepairError(f"shape {values.shape} has no channels behind {spatial} spatial axes")
        inside: NDArray[np.uint8] = (values[..., : self.channels] != 0).any(-1).view(np.uint8)
        return inside
