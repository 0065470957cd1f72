"""Turn class channels into class ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class Argmax(Step):
    """Replace the channels of each pixel by the index of the first largest one."""

    no_class: int | None = None
    """The label of pixels without a class (all channels 0, or one that is NaN); `None`: whatever
    the argmax returns for them."""

    stage = Stage.DECODE

    def apply(self, values: StoredArray, *, spatial: int) -> NDArray[np.integer]:
        """Return (n, *spatial, C) as (n, *spatial) in the narrowest unsigned dtype."""
        if values.ndim != spatial + 2:
            raise RepairError(
                f"shape {values.shape} has no class axis behind {spatial} spatial axes"
            )
        ids: NDArray[np.intp] = values.argmax(axis=-1)
        dtype = np.min_scalar_type(values.shape[-1] - 1)
        if self.no_class is None:
            return ids.astype(dtype)
        largest = np.take_along_axis(values, ids[..., np.newaxis], axis=-1)[..., 0]
        missing = largest == 0
        missing[missing] = (values[missing] == 0).all(axis=-1)
        missing |= np.isnan(largest)
        kept = np.where(missing, self.no_class, ids)
        return kept.astype(np.result_type(dtype, np.min_scalar_type(self.no_class)))
