"""Sources, which read parts of one array on disk or in memory, and pairs of two sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import EllipsisType
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.model import Model
from iou_doctor.record import record

Window = tuple[slice, ...]
"""A part of an array: one slice with step 1 for each of the leading axes; the others are whole."""
VIEWS = frozenset({"npy", "npz", "array"})
"""Formats whose values are read in place, without memory of their own."""


class Source(Protocol):
    """One array on disk or in memory. No values are read before `read` is called."""

    @property
    def path(self) -> str:
        """The path as the user wrote it, with `::name` for one of several arrays in a file."""

    @property
    def format(self) -> str:
        """`npy`, `npz`, `hdf5`, `images`, `model`, `array` or `batches`."""

    @property
    def dtype(self) -> StoredDtype:
        """The dtype that `read` returns, in the byte order of this machine."""

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the whole array; `None` for an axis along which images differ in size."""

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """For each axis, how many entries can be read at the cost of one; 1 if not in chunks."""

    @property
    def is_sequential(self) -> bool:
        """Whether reading an earlier entry of the first axis starts again from its beginning."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The name of each entry of the first axis (the stem of its file), if there are names."""

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one entry of the first axis, without reading its values."""

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`, which may be a view that must not be written to.

        If images differ in size, the window must lie within one image.

        Raises:
            SourceError: the values cannot be read, for instance from a damaged file.
        """


class TensorDtype(Protocol):
    """What iou-doctor uses of a `tensorflow.DType`."""

    @property
    def name(self) -> str:
        """The name, for instance `float32`."""

    @property
    def as_numpy_dtype(self) -> type[np.generic]:
        """The scalar type of the array that `numpy()` returns."""


class Tensor(Protocol):
    """What iou-doctor uses of an eager `tensorflow.Tensor`; TensorFlow ships no type hints."""

    @property
    def shape(self) -> Iterable[int]:
        """The lengths of the axes."""

    @property
    def ndim(self) -> int:
        """The number of axes."""

    @property
    def dtype(self) -> TensorDtype:
        """The type of the values."""

    @property
    def device(self) -> str:
        """The device that holds the values; it contains `CPU` for the host's memory."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Tensor]: ...

    def __getitem__(
        self,
        index: int | slice | EllipsisType | tuple[slice | EllipsisType | int | None, ...] | None,
    ) -> Tensor: ...


ArrayOrTensor: TypeAlias = StoredArray | Tensor
"""Values in the host's memory, or values that TensorFlow holds on any device."""


@runtime_checkable
class DeviceSource(Protocol):
    """A source that can leave its values on the device where TensorFlow holds or computes them."""

    def read_on_device(self, window: Window) -> ArrayOrTensor:
        """Return what `Source.read` returns, without copying tensors to the host.

        Raises:
            SourceError: the values cannot be read.
        """


@runtime_checkable
class IncompleteSource(Protocol):
    """A source of a format whose arrays may lack values, which read as a fill value."""

    @property
    def missing(self) -> str | None:
        """What was never written, in words; `None` if everything was."""

    @property
    def fill_value(self) -> str:
        """What the missing values read as."""


@runtime_checkable
class NodataSource(Protocol):
    """A source of files that may say which pixels hold no data."""

    @property
    def nodata(self) -> int | None:
        """The value of pixels without data; `None` if the files do not say."""


@runtime_checkable
class StampedSource(Protocol):
    """A source of many files, each with its own stamp."""

    @property
    def stamps(self) -> Iterable[FileStamp]:
        """The files as they were when the source was opened."""


@record
class StatedTurn:
    """How predicted volumes have to be turned to lie like their masks, as the files say."""

    order: tuple[int, ...]
    """The order of their axes, as in `numpy.transpose`."""
    flipped: tuple[int, ...]
    """The axes to flip after that."""

    @property
    def is_identity(self) -> bool:
        """Whether they lie alike."""
        return not self.flipped and self.order == tuple(range(len(self.order)))


def is_a_view(source: Source) -> bool:
    """Return whether reading from a source gives views, which take no memory."""
    recorded: bool | None = getattr(source, "is_view", None)
    if recorded is not None:
        return recorded  # the array itself is not there
    copied = source.is_sequential or isinstance(source, DeviceSource)
    if copied or source.format not in VIEWS:
        return False
    first = source.read((slice(0, 1),) * len(source.shape))
    return not first.flags.owndata  # a copy if the byte order or the order of samples differs


@record
class Pair:
    """Masks and predictions whose entries along the first axis belong together."""

    y_true: Source
    y_pred: Source
    unpaired_true: tuple[str, ...] = ()
    """Folders only: the names of masks without a prediction; `y_true` leaves them out."""
    unpaired_pred: tuple[str, ...] = ()
    """Folders only: the names of predictions without a mask; `y_pred` leaves them out."""
    stated_turn: StatedTurn | None = None
    """How the predictions have to be turned, according to the affines of volumes, or to the places
    on the map of images."""
    stated_offset: tuple[int, int] | None = None
    """Rows and columns by which the predictions have to be moved, according to those places."""
    dropped_parts: tuple[str, ...] = ()
    """Parts of names (`_pred`, `gt_`) that were ignored to find partners."""
    images: Source | None = None
    """The images that the masks are of, in their own order; `None` if none were given."""
    model: Model | None = None
    """The model that predicts while `y_pred` is read; `None` if predictions were made before."""
    assumed: tuple[Assumption, ...] = ()
    """What was inferred to open the two."""
    files: tuple[FileStamp, ...] = ()
    """The files that the two are read from, as they were before."""
