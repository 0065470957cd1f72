"""Flip along spatial axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class Flip(Move):
    """Reverse the order of the pixels along some spatial axes."""

    axes: tuple[int, ...]
    """Counted among the spatial axes from 0."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the flipped values, in the shape of `values`."""
        if len(set(self.axes) & {*range(spatial)}) < len(self.axes):
            raise RepairError(f"axes {self.axes} are not among {spatial} spatial axes, each once")
        return np.flip(values, axis=tuple(axis + 1 for axis in self.axes))
