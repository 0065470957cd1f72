"""Chunks of an HDF5 data set unpacked outside HDF5's lock, so that several threads can at once.

HDF5 lets one thread in at a time, unpacking included. Chunks that gzip alone packed, with or
without byte shuffling, are fetched as they are and unpacked here; all others are left to HDF5.
"""

from __future__ import annotations

import itertools
import math
import zlib
from types import ModuleType
from typing import Any

import h5py
import numpy as np
from h5py._objects import phil
from numpy.typing import NDArray

try:
    from isal import isal_zlib
except ImportError:  # the extra `speed` has it
    _GUNZIP: ModuleType = zlib
else:
    _GUNZIP = isal_zlib  # over twice as fast

_SHUFFLE, _GZIP = h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE


class DirectChunks:
    """Reads windows of whole chunks; see `direct_chunks`."""

    def __init__(self, dataset: h5py.Dataset, *, shuffled: bool) -> None:
        self._id = dataset.id
        self._dtype: np.dtype[Any] = np.dtype(dataset.dtype.str)
        self._shape, self._chunk = dataset.shape, dataset.chunks
        self._shuffled = shuffled

    def fits(self, window: tuple[slice, ...]) -> bool:
        """Return whether a window has a start and a stop for each axis that cut no chunk."""
        return all(
            part.start < part.stop
            and part.start % chunk == 0
            and (part.stop % chunk == 0 or part.stop == length)
            for part, chunk, length in zip(window, self._chunk, self._shape, strict=True)
        )

    def read(self, window: tuple[slice, ...]) -> NDArray[Any] | None:
        """Return the values in a window that `fits`; `None` where a chunk is stored otherwise.

        Raises:
            OSError: a chunk is damaged.
        """
        out = np.empty([part.stop - part.start for part in window], self._dtype)
        starts = (
            range(part.start, part.stop, chunk)
            for part, chunk in zip(window, self._chunk, strict=True)
        )
        for offset in itertools.product(*starts):
            with phil:  # h5py's lock, which this call alone does not take itself
                left_out, packed = self._id.read_direct_chunk(offset)
            if left_out:  # filters that were skipped for this chunk
                return None
            place = tuple(
                slice(start - part.start, start - part.start + chunk)
                for start, part, chunk in zip(offset, window, self._chunk, strict=True)
            )
            target = out[place]
            target[...] = self._unpacked(packed)[tuple(slice(n) for n in target.shape)]
        return out

    def _unpacked(self, packed: bytes) -> NDArray[Any]:
        size = math.prod(self._chunk) * self._dtype.itemsize
        stream = _GUNZIP.decompressobj()
        try:
            raw = stream.decompress(packed, size)
        except (zlib.error, _GUNZIP.error) as error:
            raise OSError(f"a chunk cannot be unpacked: {error}") from error
        if len(raw) != size:
            raise OSError(f"a chunk has {len(raw)} bytes instead of {size}")
        values = np.frombuffer(raw, np.uint8)
        if self._shuffled:
            values = np.ascontiguousarray(values.reshape(self._dtype.itemsize, -1).T)
        return values.reshape(-1).view(self._dtype).reshape(self._chunk)


def direct_chunks(dataset: h5py.Dataset) -> DirectChunks | None:
    """Return a reader of a data set's chunks, or `None` where HDF5 has to read them itself."""
    if dataset.chunks is None or not hasattr(dataset.id, "read_direct_chunk"):
        return None
    settings = dataset.id.get_create_plist()
    filters = [settings.get_filter(index)[0] for index in range(settings.get_nfilters())]
    counts = (-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    whole = dataset.id.get_num_chunks() == math.prod(counts)  # others read as the fill value
    if filters not in ([_GZIP], [_SHUFFLE, _GZIP]) or not whole:
        return None
    return DirectChunks(dataset, shuffled=filters[0] == _SHUFFLE)
