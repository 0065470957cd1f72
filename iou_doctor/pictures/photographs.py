"""The photographs that the masks are of."""

from __future__ import annotations

from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.report.checked_arrays import OpenArrays

COLOURS = (1, 2, 3, 4)
"""The numbers of channels that a photograph has: grey or colours, with alpha or without."""


@record
class Photographs:
    """Photographs in the order of the masks."""

    source: Source | None = None
    places: tuple[int, ...] | None = None
    """For each mask the number of its photograph, -1 for none; `None`: the same number."""
    unsuited: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The shapes of the photographs that were read and do not fit their masks."""

    @classmethod
    def of(cls, opened: OpenArrays) -> Photographs:
        """Return the photographs, paired with the masks by their names or by their order."""
        source, names = opened.images, opened.pair.y_true.names
        if source is None or source.names is None or names is None:
            return cls(source)
        known = {name: place for place, name in enumerate(source.names)}
        return cls(source, tuple(known.get(name, -1) for name in names))

    def read(self, sample: int, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
        """Return a photograph, shape (height, width, 3); `None` if it is not of this shape.

        Args:
            sample: the number of the mask.
            shape: its height and width.
        """
        place = sample if self.places is None else self.places[sample]
        if self.source is None or not 0 <= place < (self.source.shape[0] or 0):
            return None
        window = (slice(place, place + 1),) + (slice(None),) * (len(self.source.shape) - 1)
        values = self.source.read(window)[0]
        if values.ndim == 3 and values.shape[-1] not in COLOURS and values.shape[0] in COLOURS:
            values = np.moveaxis(values, 0, -1)
        values = values[..., np.newaxis] if values.ndim == 2 else values
        if values.ndim != 3 or values.shape[:2] != shape or values.shape[-1] not in COLOURS:
            self.unsuited[place] = values.shape
            return None
        values = values[..., :3] if values.shape[-1] >= 3 else values[..., [0, 0, 0]]
        return convert_to_bytes(values)

    def list_notes(self) -> tuple[str, ...]:
        """Return why images are not shown, as sentences."""
        if not self.unsuited:
            return ()
        place, shape = min(self.unsuited.items())
        size = " × ".join(map(str, shape))
        why = "their size is not that of their masks"
        return (f"{len(self.unsuited)} images are not shown: {why}; image {place} is {size}.",)


def convert_to_bytes(values: StoredArray) -> NDArray[np.uint8]:
    """Return the brightness of each channel from 0 to 255.

    Bytes stay, fractions from 0 to 1 are multiplied, and other values are stretched so that the
    smallest is 0 and the largest 255.
    """
    if values.dtype == np.uint8:
        return values.astype(np.uint8)
    wide = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = (float(wide.min()), float(wide.max())) if wide.size else (0.0, 1.0)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255 and high - low > 1:
        low, high = 0.0, 255.0
    scaled: NDArray[np.uint8] = np.rint((wide - low) * (255 / max(high - low, 1e-9))).astype(
        np.uint8
    )
    return scaled
