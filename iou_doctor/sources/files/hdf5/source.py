"""One data set of an HDF5 file, read in parts."""

from __future__ import annotations

import math

import h5py
import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Window
from iou_doctor.sources.array_checks import check_dtype, check_shape, get_native_dtype
from iou_doctor.sources.files.file_status import get_file_size, open_file, read_file_head
from iou_doctor.sources.files.file_types import describe_head
from iou_doctor.sources.files.hdf5.chunks import open_chunk_reader
from iou_doctor.sources.files.hdf5.extent import check_extent, describe_missing
from iou_doctor.sources.files.hdf5.lookup import find_dataset
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.source_errors import source_error, translate_errors
from iou_doctor.sources.windows import complete_window

_SMALLEST_CACHE = 1 << 20
"""The minimum size of the chunk cache in bytes: HDF5's default."""
_LARGEST_CACHE = 256 << 20
"""The maximum size of the chunk cache in bytes, unless one chunk is larger. Beyond it, chunks are
decompressed repeatedly."""
_LEAST_SLOTS = 521
"""The minimum number of slots of the cache's hash table: HDF5's default."""
_MOST_SLOTS = 100_003
"""The maximum number of slots, of 8 bytes each; a prime number, as HDF5 recommends."""
_SLOTS_PER_CHUNK = 10
"""HDF5 recommends at least 10 slots for each chunk in the cache."""
_HDF5_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises for errors of HDF5: the type depends on the part of the library."""
_DAMAGED = "the HDF5 file is damaged or cut off; save or copy it again"


class Hdf5Source:
    """A data set as a source; the file stays open to keep its chunk cache."""

    format = "hdf5"
    is_sequential = False
    names = None

    def __init__(self, path: str, file: h5py.File, name: str) -> None:
        self._file = file
        self._dataset = file[name]
        self.path = path
        self.fill_value = _read_fill_value(self._dataset)
        self.dtype: StoredDtype = get_native_dtype(self._dataset.dtype)
        self.shape: tuple[int, ...] = self._dataset.shape
        self.chunk_shape: tuple[int, ...] = self._dataset.chunks or (1,) * len(self.shape)
        self.is_matlab = "MATLAB_class" in self._dataset.attrs
        """Whether MATLAB wrote it, whose axes stand in the opposite order."""
        self.missing = describe_missing(self._dataset)
        self._chunk_reader = open_chunk_reader(self._dataset)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: a chunk is damaged or cut off.
        """
        parts = complete_window(window, self.shape)
        with translate_errors(self.path, *_HDF5_ERRORS, why=_DAMAGED):
            values = self._read_chunks(parts)
            if values is None:
                values = np.asarray(self._dataset[parts])
        # the view removes the names of an enum, which h5py adds to the dtype as metadata
        return values.view(values.dtype.str).astype(self.dtype, copy=False)

    def _read_chunks(self, window: Window) -> StoredArray | None:
        """Return a window of whole chunks, decompressed outside HDF5; `None` for any other."""
        if self._chunk_reader is None or not self._chunk_reader.can_read(window):
            return None
        return self._chunk_reader.read(window)

    def close(self) -> None:
        """Close the file; nothing can be read afterwards."""
        self._file.close()


def open_hdf5(path: str, name: str | None = None) -> Hdf5Source:
    """Return the data set `name` of an HDF5 file, or its only one.

    Raises:
        SourceError: it is another kind of file, has no such data set, or that holds no numbers.
    """
    head = read_file_head(path)
    # the first bytes do not prove it: they may belong to a user block
    if not is_remote(path) and not h5py.is_hdf5(path):
        looks = describe_head(head)
        raise source_error(
            path, f"it is not an HDF5 file, or it is cut off: {looks}; save it again"
        )
    with translate_errors(path, *_HDF5_ERRORS, why=_DAMAGED):
        with _open(path) as file:
            found = find_dataset(file, path, name)
            place = f"{path}::{found.name}"
            dataset = file[found.resolved]
            _check_values(place, dataset, get_file_size(path))
            cache = _choose_cache(dataset)
        # opened again, because HDF5 fixes the size of the cache when it opens a file
        return Hdf5Source(place, _open(path, **cache), found.resolved)


def _open(path: str, **cache: int) -> h5py.File:
    return h5py.File(open_file(path) if is_remote(path) else path, "r", **cache)


def _check_values(place: str, dataset: h5py.Dataset, size: int) -> None:
    if dataset.shape is None:
        raise source_error(place, "it is a null data set without values; save an array")
    try:
        dtype = dataset.dtype
    except TypeError as error:
        raise source_error(place, "NumPy has no such type; save it as float32 or int32") from error
    check_dtype(place, dtype)
    check_shape(place, dataset.shape)
    check_extent(place, dataset, size)


def _read_fill_value(dataset: h5py.Dataset) -> str:
    """Return what missing values read as.

    Raises:
        ValueError: the file is damaged; HDF5 would end the process if it was asked for the value.
    """
    dataset.id.get_create_plist().fill_value_defined()
    return str(dataset.fillvalue)


def _choose_cache(dataset: h5py.Dataset) -> dict[str, int]:
    """Return the options of `h5py.File` for a cache that holds one row of chunks.

    A row is all chunks that share a stretch of the first axis. Windows that are narrower than it
    then find their chunks decompressed.
    """
    if dataset.chunks is None:
        return {}
    counts = [-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True)]
    row_chunks = math.prod(counts[1:])
    chunk_bytes = math.prod(dataset.chunks) * dataset.dtype.itemsize
    row_bytes = min(row_chunks * chunk_bytes, _LARGEST_CACHE)
    return {
        # one chunk at least, or every window within it would unpack it again
        "rdcc_nbytes": max(row_bytes, chunk_bytes, _SMALLEST_CACHE),
        "rdcc_nslots": min(max(_SLOTS_PER_CHUNK * row_chunks, _LEAST_SLOTS), _MOST_SLOTS),
    }
