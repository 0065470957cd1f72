"""Put samples into another order."""

from __future__ import annotations

from numpy.typing import NDArray

from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class Reorder(Move):
    """Put the samples into another order.

    This is the only step that needs the whole array. Code that holds one batch at a time reads the
    samples in this order instead, through `sources.opening.ReorderedSource`.
    """

    order: tuple[int, ...]
    """For each new place, the index of the sample that goes there."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:  # noqa: ARG002
        """Return the samples in the new order; `values` holds all of them."""
        return values[list(self.order)]
