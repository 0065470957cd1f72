"""Swap height and width."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Side, Value


@record
class SwapHeightWidth(Move):
    """Transpose each image, or undo a reshape that filled its pixels in the wrong order."""

    refill: Literal["before", "after"] | None = None
    """`None` swaps the sizes too. Otherwise the shape is right, only the order of the pixels is
    wrong, and the shape stays: `before` the swap the pixels are reshaped to the swapped sizes, or
    `after` it they are reshaped to the original ones."""

    def turn_predictions(self) -> SwapHeightWidth:
        """Return the step on the predictions that pairs the same pixels as this one does."""
        if self.side is Side.PREDICTIONS:
            return self
        inverse: dict[str | None, Literal["before", "after"]] = {
            "before": "after",
            "after": "before",
        }
        return SwapHeightWidth(Side.PREDICTIONS, inverse.get(self.refill))

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return (n, …, W, H[, C]) as (n, …, H, W[, C])."""
        if spatial < 2:
            raise RepairError("height and width are two axes; these maps have one")
        shape = values.shape
        height, width = shape[spatial - 1 : spatial + 1]
        if self.refill == "before":
            values = values.reshape(*shape[: spatial - 1], width, height, *shape[spatial + 1 :])
        swapped = np.swapaxes(values, spatial - 1, spatial)
        return swapped.reshape(shape) if self.refill == "after" else swapped
