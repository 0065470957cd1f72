"""The slice of a volume that is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record


@record
class VolumeSlice:
    """One slice of a volume."""

    axis: int
    """The axis that it is across, without those of samples and classes."""
    place: int
    """The index of the slice, from 0."""
    slices: int
    """The number of slices of the volume."""

    def take(self, volume: NDArray[Any]) -> NDArray[Any]:
        """Return the slice of a volume, without keeping the whole in memory."""
        place = min(self.place, volume.shape[self.axis] - 1)
        taken: NDArray[Any] = np.take(volume, place, axis=self.axis)
        return taken

    def describe(self) -> str:
        """Return `slice 10 of 20`, counted from 1 as people do."""
        return f"slice {self.place + 1} of {self.slices}"
