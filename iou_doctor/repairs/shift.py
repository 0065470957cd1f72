"""Shift by whole pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class Shift(Move):
    """Shift by whole pixels; the border that is uncovered repeats the outermost pixels."""

    offset: tuple[int, ...]
    """Pixels along each spatial axis; positive numbers move down and to the right."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the shifted values, in the shape of `values`."""
        if len(self.offset) != spatial:
            raise RepairError(f"{self.offset} is no offset along {spatial} spatial axes")
        for axis, distance in zip(range(1, spatial + 1), self.offset, strict=True):
            last = values.shape[axis] - 1
            places = np.clip(np.arange(last + 1) - distance, 0, last)
            values = np.take(values, places, axis=axis)
        return values
