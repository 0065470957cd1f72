"""Store axes in the usual order: samples, space, classes last, no axis of size 1."""

from __future__ import annotations

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class Arrange(Step):
    """Store the axes in the usual order, or with the classes on another axis."""

    class_axis: int | None = None
    """Where the class axis is stored, counted from a sample axis at 0; `None`: last."""

    stage = Stage.ARRANGE

    def apply(self, values: StoredArray, *, spatial: int) -> StoredArray:  # noqa: ARG002
        """Return the values as they are: steps receive them in the usual order already."""
        return values
