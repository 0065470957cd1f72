"""Turn values that are an affine image of class ids back into ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class Rescale(Step):
    """Replace each value by round((value - low) / distance) + first."""

    low: float
    """The value of the id `first`."""
    distance: float
    """The distance between the values of two neighbouring ids."""
    first: int = 0

    stage = Stage.DECODE

    def apply(self, values: StoredArray, *, spatial: int) -> NDArray[np.integer]:  # noqa: ARG002
        """Return class ids in the shape of the values, as uint8 or uint16."""
        ids = np.rint((values.astype(np.float64) - self.low) / self.distance) + self.first
        narrow = ids.size == 0 or ids.max() <= np.iinfo(np.uint8).max
        return ids.astype(np.uint8 if narrow else np.uint16)
