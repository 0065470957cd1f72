"""One data set of an HDF5 file, read in slices."""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from iou_doctor.sources.files.file_status import file_head, file_size
from iou_doctor.sources.files.formats import likeness
from iou_doctor.sources.files.hdf5_chunks import direct_chunks
from iou_doctor.sources.files.hdf5_lookup import find_dataset
from iou_doctor.sources.numbers import check_dtype, check_shape, native, spans
from iou_doctor.sources.refusals import refusal, refusing

_LEAST_CACHE = 1 << 20  # bytes: HDF5's default
_MOST_CACHE = 256 << 20
_MOST_SLOTS = 100_003  # of the cache's hash table, 8 bytes each

# h5py gives HDF5's errors a type by where in the library they arose
_HDF5_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError)
_DAMAGED = "the HDF5 file is damaged or cut off; save or copy it again"


class Hdf5Source:
    """A data set as a source; the file stays open for the sake of its chunk cache."""

    format = "hdf5"
    is_sequential = False
    names = None

    def __init__(self, path: str, file: h5py.File, name: str) -> None:
        self._file = file
        self._dataset = file[name]
        self.path = path
        self.dtype: np.dtype[Any] = native(self._dataset.dtype)
        self.shape: tuple[int, ...] = self._dataset.shape
        self.chunk_shape: tuple[int, ...] = self._dataset.chunks or (1,) * len(self.shape)
        self._direct = direct_chunks(self._dataset)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`.

        Raises:
            SourceError: a chunk is damaged or cut off.
        """
        parts = spans(window, self.shape)
        with refusing(self.path, *_HDF5_ERRORS, why=_DAMAGED):
            values = self._unpacked(parts)
            if values is None:
                values = np.asarray(self._dataset[parts])
        # the view drops h5py's note of an enum's names from the dtype
        return values.view(values.dtype.str).astype(self.dtype, copy=False)

    def _unpacked(self, window: tuple[slice, ...]) -> NDArray[Any] | None:
        """Return a window of whole chunks, unpacked beside HDF5; `None` for any other."""
        if self._direct is None or not self._direct.fits(window):
            return None
        return self._direct.read(window)

    def close(self) -> None:
        """Close the file; nothing can be read afterwards."""
        self._file.close()


def open_hdf5(path: str, name: str | None = None) -> Hdf5Source:
    """Return the data set `name` of an HDF5 file, or its only one.

    Raises:
        SourceError: it is no such file, has no such data set, or that holds no numbers.
    """
    head = file_head(path)
    # not the head alone: a user block of other bytes may come first
    if not h5py.is_hdf5(path):
        raise refusal(
            path, f"it is no HDF5 file, or a cut off one: {likeness(head)}; save it again"
        )
    with refusing(path, *_HDF5_ERRORS, why=_DAMAGED):
        with h5py.File(path, "r") as file:
            shown, resolved = find_dataset(file, path, name)
            place = f"{path}::{shown}"
            _check_values(place, file[resolved], file_size(path))
            cache = _cache(file[resolved])
        # opened again: HDF5 fixes the cache's size when it opens a file
        return Hdf5Source(place, h5py.File(path, "r", **cache), resolved)


def _check_values(place: str, dataset: h5py.Dataset, size: int) -> None:
    if dataset.shape is None:
        raise refusal(place, "it is a null data set without values; save an array")
    try:
        dtype = dataset.dtype
    except TypeError as error:
        raise refusal(place, "numpy has no such type; save it as float32 or int32") from error
    check_dtype(place, dtype)
    check_shape(place, dataset.shape)
    stored = dataset.id.get_storage_size()
    if stored > size:
        raise refusal(
            place,
            f"it is cut off: its values take {stored:,} bytes, and the file has {size:,}; "
            "save or copy it again",
        )


def _cache(dataset: h5py.Dataset) -> dict[str, int]:
    """Return a chunk cache for all chunks that share a stretch of the first axis.

    Windows narrower than a chunk row then find its chunks decompressed.
    """
    if dataset.chunks is None:
        return {}
    counts = [-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True)]
    row_chunks = math.prod(counts[1:])
    row_bytes = row_chunks * math.prod(dataset.chunks) * dataset.dtype.itemsize
    return {
        "rdcc_nbytes": min(max(row_bytes, _LEAST_CACHE), _MOST_CACHE),
        "rdcc_nslots": min(max(10 * row_chunks, 521), _MOST_SLOTS),
    }
