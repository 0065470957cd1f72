"""Replace labels by others, all at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class Relabel(Step):
    """Replace labels by others, all at once, so that two labels can change places."""

    table: Mapping[int, int]
    """Old label to new label; labels that are not in it stay."""

    stage = Stage.RELABEL

    def apply(self, values: StoredArray, *, spatial: int) -> StoredArray:  # noqa: ARG002
        """Return the relabelled values, in a wider dtype if a new label needs it."""
        old = np.array(sorted(self.table))
        new = np.array([self.table[int(label)] for label in old])
        dtype = np.result_type(
            values.dtype, np.min_scalar_type(new.min()), np.min_scalar_type(new.max())
        )
        place = np.searchsorted(old, values).clip(max=len(old) - 1)
        return np.where(old[place] == values, new[place], values).astype(dtype)
