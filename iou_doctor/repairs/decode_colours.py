"""Turn colours into class ids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import encode_colour
from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step


@record
class DecodeColours(Step):
    """Replace the colour of each pixel by the class id that a palette gives it."""

    table: Mapping[int, int]
    """Colour code (`counts.label_decoding.encode_colour`) to class id."""
    default: int
    """The id of colours that are not in the table."""

    stage = Stage.DECODE

    def apply(self, values: StoredArray, *, spatial: int) -> NDArray[np.integer]:
        """Return (n, *spatial, 3 or 4) as (n, *spatial), in the narrowest dtype for all ids.

        The channels are red, green, blue and perhaps alpha, which is not used, from 0 to 255.
        """
        if values.ndim != spatial + 2:
            raise RepairError(f"shape {values.shape} has no colours behind {spatial} spatial axes")
        wide = values[..., :3].astype(np.int64)
        codes = (wide << np.array([16, 8, 0])).sum(axis=-1) + encode_colour(0, 0, 0)
        old = np.array(sorted(self.table))
        new = np.array([self.table[int(code)] for code in old])
        place = np.searchsorted(old, codes).clip(max=len(old) - 1)
        ids = np.where(old[place] == codes, new[place], self.default)
        smallest, largest = min(self.default, int(new.min())), max(self.default, int(new.max()))
        dtype = np.result_type(np.min_scalar_type(smallest), np.min_scalar_type(largest))
        return ids.astype(dtype)
