"""A volume that knows how its axes lie in the patient."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Source, Window
from iou_doctor.record import record
from iou_doctor.sources.files.affines import Affine


@record
class Volume:
    """A source with the directions of its axes, and with its values scaled."""

    source: Source
    format: str
    affine: Affine | None
    """`None` if the file does not say."""
    scale: tuple[float, float] | None = None
    """What stored values are multiplied by, and what is added then; `None`: they are as stored."""
    data_file: str | None = None
    """The file beside the header that holds the voxels; `None`: they are in the same file."""

    @property
    def path(self) -> str:
        """The path of the file."""
        return self.source.path

    @property
    def dtype(self) -> StoredDtype:
        """The dtype that `read` returns."""
        return self.source.dtype if self.scale is None else np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the volume."""
        return self.source.shape

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """The chunks of the source."""
        return self.source.chunk_shape

    @property
    def is_sequential(self) -> bool:
        """Whether the source is a stream."""
        return self.source.is_sequential

    @property
    def names(self) -> None:
        """`None`: the slices have no names."""

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one entry of the first axis."""
        return self.source.get_sample_shape(index)

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: the file is damaged.
        """
        values = self.source.read(window)
        if self.scale is None:
            return values
        slope, intercept = self.scale
        return values.astype(np.float64) * slope + intercept
