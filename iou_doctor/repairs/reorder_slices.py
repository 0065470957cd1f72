"""Put the slices of volumes into another order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class ReorderSlices(Move):
    """Put the slices along one spatial axis into another order, the same in all samples."""

    axis: int
    """The spatial axis, counted from 0."""
    order: tuple[int, ...]
    """For each new place along it, the index of the slice that goes there."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the slices in the new order, in the shape of `values`."""
        if not self.axis < spatial or values.shape[1 + self.axis] != len(self.order):
            raise RepairError(
                f"axis {self.axis} of {values.shape[1:]} has no {len(self.order)} slices"
            )
        return np.take(values, self.order, axis=1 + self.axis)
