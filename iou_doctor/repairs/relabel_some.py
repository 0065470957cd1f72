"""Replace labels by others in some of the samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.record import record
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.step import Stage, Step


@record
class RelabelSome(Step):
    """Replace labels by others in some samples."""

    table: Mapping[int, int]
    """Old label to new label; labels that are not in it stay."""
    samples: tuple[int, ...]
    """The numbers of these samples."""

    stage = Stage.RELABEL

    def apply(self, values: StoredArray, *, spatial: int) -> StoredArray:
        """Return the relabelled values of samples that are all among `samples`."""
        return Relabel(self.side, self.table).apply(values, spatial=spatial)

    def apply_to(
        self, values: StoredArray, samples: NDArray[np.int64], *, spatial: int
    ) -> StoredArray:
        """Return the values with those of the chosen samples relabelled."""
        chosen = np.isin(samples, self.samples)
        changed = self.apply(values, spatial=spatial)
        mask = chosen.reshape(-1, *[1] * (values.ndim - 1))
        return np.where(mask, changed, values).astype(changed.dtype)
