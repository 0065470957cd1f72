"""The photographs that the masks are of."""

from __future__ import annotations

from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.errors import IouDoctorError
from iou_doctor.pictures.volume_slice import VolumeSlice
from iou_doctor.record import record
from iou_doctor.sources.pairs import pair_by_name

COLOURS = (1, 2, 3, 4)
"""The numbers of channels that a photograph has: grey or colours, with alpha or without."""
MAP_AXES = 2
"""The number of axes of a map; a volume has one more."""


@record
class Photographs:
    """Photographs in the order of the masks."""

    source: Source | None = None
    places: tuple[int, ...] | None = None
    """For each mask the number of its photograph, -1 for none; `None`: the same number."""
    notes: tuple[str, ...] = ()
    """Why there are none, as sentences."""
    unsuited: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The shapes of the photographs that were asked for and do not fit their masks."""

    @classmethod
    def of(cls, pair: Pair) -> Photographs:
        """Return the photographs, paired with the masks by their names or by their order."""
        source, masks = pair.images, pair.y_true
        if source is None:
            return cls()
        try:
            together = pair_by_name(masks, source)
        except IouDoctorError as error:
            return cls(notes=(f"The images are not shown: {error}",))
        if together.y_true.names is not None and together.y_pred.names is not None:
            names = masks.names or ()
            known = {name: place for place, name in enumerate(together.y_true.names)}
            return cls(together.y_pred, tuple(known.get(name, -1) for name in names))
        counts = source.shape[0] or 0, masks.shape[0] or 0
        if counts[0] != counts[1]:
            why = f"there are {counts[0]:,} of them and {counts[1]:,} masks"
            return cls(notes=(f"The images are not shown, because {why}.",))
        return cls(source)

    def read(
        self, sample: int, shape: tuple[int, ...], cut: VolumeSlice | None = None
    ) -> NDArray[np.uint8] | None:
        """Return a photograph, shape (height, width, 3); `None` if it is not of this shape.

        Args:
            sample: the number of the mask.
            shape: the height and width of the mask, or the shape of the volume.
            cut: the slice of a volume.

        Raises:
            SourceError: the values cannot be read.
        """
        place = sample if self.places is None else self.places[sample]
        if self.source is None or not 0 <= place < (self.source.shape[0] or 0):
            return None
        size = self.source.get_sample_shape(place)  # one of another size may be too large to read
        has_channels_last = size[:-1] == shape and size[-1] in COLOURS
        has_channels_first = size[1:] == shape and size[0] in COLOURS
        if not (size == shape or has_channels_last or has_channels_first):
            self.unsuited[place] = size
            return None
        window = (slice(place, place + 1),) + (slice(None),) * (len(self.source.shape) - 1)
        values = self.source.read(window)[0]
        if size == shape:
            values = values[..., np.newaxis]
        elif not has_channels_last:
            values = np.moveaxis(values, 0, -1)
        if cut is not None and len(shape) > MAP_AXES:
            values = cut.take(values)
        values = values[..., :3] if values.shape[-1] >= 3 else values[..., [0, 0, 0]]
        return convert_to_bytes(values)

    def list_notes(self) -> tuple[str, ...]:
        """Return why images are not shown, as sentences."""
        if not self.unsuited:
            return self.notes
        place, shape = min(self.unsuited.items())
        size = " × ".join(map(str, shape))
        if len(self.unsuited) == 1:
            return (f"Image {place} is not shown: it is {size}, and its mask is not.",)
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
