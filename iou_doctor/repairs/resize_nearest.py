"""Resize to another spatial shape, nearest neighbour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class ResizeNearest(Move):
    """Resize to another spatial shape: each new pixel takes the old one that holds its centre."""

    shape: tuple[int, ...]
    """The new spatial shape."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return (n, *spatial[, C]) as (n, *shape[, C])."""
        if len(self.shape) != spatial or min(self.shape) < 0:
            raise RepairError(f"{self.shape} is no shape of {spatial} spatial axes")
        for axis, size in zip(range(1, spatial + 1), self.shape, strict=True):
            centres = (np.arange(size) * 2 + 1) * values.shape[axis] // (2 * size)
            values = np.take(values, centres, axis=axis)
        return values
