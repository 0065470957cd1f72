"""Decompresses the chunks of an HDF5 data set outside HDF5, so that several threads can do it.

HDF5 works in one thread at a time, and that includes decompression. Chunks that only gzip packed,
with or without byte shuffling, are fetched as stored and decompressed here. HDF5 reads all others.
"""

from __future__ import annotations

import itertools
import math
from contextlib import AbstractContextManager

import h5py
import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Window
from iou_doctor.sources.files.fast_zlib import ZLIB, ZLIB_ERRORS
from iou_doctor.sources.files.hdf5.lock import HDF5_LOCK
from iou_doctor.sources.windows import measure_window

_SHUFFLE, _GZIP = h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE


class ChunkReader:
    """Reads windows that consist of whole chunks; see `open_chunk_reader`."""

    def __init__(
        self, dataset: h5py.Dataset, lock: AbstractContextManager[object], *, shuffled: bool
    ) -> None:
        self._id = dataset.id
        self._lock = lock
        self._dtype: StoredDtype = np.dtype(dataset.dtype.str)
        self._shape: tuple[int, ...] = dataset.shape
        self._chunk: tuple[int, ...] = dataset.chunks
        self._shuffled = shuffled

    def can_read(self, window: Window) -> bool:
        """Return whether a complete window is not empty and cuts no chunk."""
        return all(
            part.start < part.stop
            and part.start % chunk == 0
            and (part.stop % chunk == 0 or part.stop == length)
            for part, chunk, length in zip(window, self._chunk, self._shape, strict=True)
        )

    def read(self, window: Window) -> StoredArray | None:
        """Return the values in a window of whole chunks.

        Returns:
            `None` if a chunk was stored without the data set's filters: HDF5 has to read it.

        Raises:
            OSError: a chunk is damaged.
        """
        out = np.empty(measure_window(window), self._dtype)
        starts = (
            range(part.start, part.stop, chunk)
            for part, chunk in zip(window, self._chunk, strict=True)
        )
        for offset in itertools.product(*starts):
            with self._lock:
                skipped_filters, packed = self._id.read_direct_chunk(offset)
            if skipped_filters:
                return None
            place = tuple(
                slice(start - part.start, start - part.start + chunk)
                for start, part, chunk in zip(offset, window, self._chunk, strict=True)
            )
            target = out[place]
            target[...] = self._decompress(packed)[tuple(slice(n) for n in target.shape)]
        return out

    def _decompress(self, packed: bytes) -> StoredArray:
        size = math.prod(self._chunk) * self._dtype.itemsize
        stream = ZLIB.decompressobj()
        try:
            # one byte more, so that the stream is read to its end, where its checksum is
            raw = stream.decompress(packed, size + 1)
        except ZLIB_ERRORS as error:
            raise OSError(f"a chunk cannot be decompressed: {error}") from error
        if len(raw) != size or not stream.eof:
            raise OSError(f"a chunk does not have {size} bytes")
        values = np.frombuffer(raw, np.uint8)
        if self._shuffled:
            values = np.ascontiguousarray(values.reshape(self._dtype.itemsize, -1).T)
        return values.reshape(-1).view(self._dtype).reshape(self._chunk)


def open_chunk_reader(dataset: h5py.Dataset) -> ChunkReader | None:
    """Return a reader of a data set's chunks, or `None` if HDF5 has to read them itself."""
    has_chunks = dataset.chunks is not None and hasattr(dataset.id, "read_direct_chunk")
    if HDF5_LOCK is None or not has_chunks:
        return None
    settings = dataset.id.get_create_plist()
    filters = [settings.get_filter(index)[0] for index in range(settings.get_nfilters())]
    counts = (-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    # a chunk that was never written reads as the fill value, which HDF5 knows
    all_written = dataset.id.get_num_chunks() == math.prod(counts)
    if filters not in ([_GZIP], [_SHUFFLE, _GZIP]) or not all_written:
        return None
    return ChunkReader(dataset, HDF5_LOCK, shuffled=filters[0] == _SHUFFLE)
