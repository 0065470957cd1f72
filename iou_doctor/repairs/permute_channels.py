"""Put class channels into another order: a relabelling of arrays with a class axis."""

from __future__ import annotations

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class PermuteChannels(Step):
    """Put the class channels into another order."""

    order: tuple[int, ...]
    """For each new channel, the index of the old one."""

    stage = Stage.RELABEL

    def apply(self, values: StoredArray, *, spatial: int) -> StoredArray:  # noqa: ARG002
        """Return (n, *spatial, C) whose channel k is the channel `order[k]` of `values`."""
        return values[..., list(self.order)]
