"""Put the axes of a volume into another order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class PermuteAxes(Move):
    """Transpose volumes, or an array whose samples are the slices of one volume.

    Code that holds one batch of slices at a time reads them through
    `sources.transposed.TransposedSource` instead.
    """

    order: tuple[int, ...]
    """For each new axis, the old one: of the spatial axes, or of samples and spatial axes."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the transposed values; with an order of samples, `values` holds all of them."""
        if len(self.order) not in {spatial, spatial + 1}:
            raise RepairError(f"{len(self.order)} axes cannot be those of {values.shape}")
        first = 1 + spatial - len(self.order)
        axes = (*range(first), *(axis + first for axis in self.order))
        return np.transpose(values, (*axes, *range(1 + spatial, values.ndim)))

    def crosses_samples(self, spatial: int) -> bool:
        """Return whether the order names the sample axis, too."""
        return len(self.order) > spatial
