"""Turn class ids into one-hot channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class OneHot(Step):
    """Replace each class id by one channel for each class, 1 in its own and 0 elsewhere."""

    num_classes: int
    class_axis: int | None = None
    """Where the class axis is stored, counted from a sample axis at 0; `None`: last."""

    stage = Stage.ENCODE

    def apply(self, values: StoredArray, *, spatial: int) -> NDArray[np.uint8]:  # noqa: ARG002
        """Return (n, *spatial) as uint8 (n, *spatial, C).

        A label that is not a class has 0 in all channels.
        """
        channels: NDArray[np.bool_] = values[..., np.newaxis] == np.arange(self.num_classes)
        return channels.astype(np.uint8)
