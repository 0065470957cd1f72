"""Rotate by quarter turns, counter-clockwise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class Rotate(Move):
    """Rotate in the plane of the last two spatial axes, counter-clockwise as `numpy.rot90` does."""

    quarters: int
    """The number of quarter turns."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the rotated values; an odd number of quarters swaps height and width."""
        if spatial < 2:
            raise RepairError("height and width are two axes; these maps have one")
        return np.rot90(values, self.quarters, axes=(spatial - 1, spatial))
