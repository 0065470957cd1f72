"""A file or folder that hands out slices of one array, and two of them paired."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.model import Model
from iou_doctor.record import record


class Source(Protocol):
    """One array on disk or in memory. Nothing is read until `read` asks for it."""

    @property
    def path(self) -> str:
        """The place as the user gave it, with `::name` where one was given or taken."""

    @property
    def format(self) -> str:
        """`npy`, `npz`, `hdf5`, `images`, `model`, `array` or `batches`."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype that `read` returns: bool, integer or floating, native byte order."""

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the whole; `None` on an axis whose length differs between images."""

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """For each axis, how many entries cost no more to read than one (a chunk); 1: no matter."""

    @property
    def is_sequential(self) -> bool:
        """Whether reading backwards along the first axis costs a fresh start."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """A name for each entry of the first axis (file stems), where there are names."""

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of entry `index` of the first axis, without reading its values."""

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`: one slice (step 1) for each of the leading axes.

        Axes without a slice are read whole. Where images differ in size, a window must lie
        within one image. The result may be a view; it is never written to.

        Raises:
            SourceError: the values cannot be read (a truncated or damaged file).
        """


@runtime_checkable
class DeviceSource(Protocol):
    """A source whose values are born or lie where TensorFlow computes, on a GPU for instance."""

    def read_on_device(self, window: tuple[slice, ...]) -> Any:
        """Return what `Source.read` returns, as a tensor where it lies; an array on the host.

        Raises:
            SourceError: the values cannot be read.
        """


@record
class Pair:
    """Predictions and masks whose entries along the first axis belong together."""

    y_true: Source
    y_pred: Source
    unpaired_true: tuple[str, ...] = ()
    """Names of masks without a prediction (folders only); they are not in `y_true`."""
    unpaired_pred: tuple[str, ...] = ()
    """Names of predictions without a mask (folders only); they are not in `y_pred`."""
    dropped_endings: tuple[str, ...] = ()
    """Name endings (`_pred`, `_mask`) that were dropped to find the partners."""
    model: Model | None = None
    """What predicts while it is read; `None` where predictions were made before."""
    assumed: tuple[Assumption, ...] = ()
    """What was guessed to open the two."""
