"""Undo a division of class ids by 255."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class Times255(Step):
    """Multiply by 255 and round, to restore class ids that were scaled like grey values."""

    stage = Stage.DECODE

    def apply(self, values: StoredArray, *, spatial: int) -> NDArray[np.uint8]:  # noqa: ARG002
        """Return round(value · 255) as uint8."""
        return np.rint(values.astype(np.float64) * 255).astype(np.uint8)
