"""Compressed members of an `.npz` file, decompressed while they are read."""

from __future__ import annotations

import math
import zipfile
import zlib
from threading import Lock
from typing import IO

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import Window
from iou_doctor.sources.array_checks import get_native_dtype
from iou_doctor.sources.files.file_status import open_file
from iou_doctor.sources.files.npy.npy_header import NpyHeader
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.source_errors import translate_errors
from iou_doctor.sources.windows import complete_window, cut_window, measure_window

_PIECE_BYTES = 1 << 20
"""The number of bytes to decompress at a time; they are held in addition to the window itself."""
_READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    KeyError,
    ValueError,
    RuntimeError,
)
"""What `zipfile` raises for damaged data, and for a file that changed since it was opened."""
_DAMAGED = "its compressed data is damaged, or it changed while it was read; save it again"


class _Member:
    """A compressed member as a stream that can skip forward and start again."""

    def __init__(self, path: str, file: str, info: zipfile.ZipInfo) -> None:
        self.path = path
        self._file = file
        self._info = info
        self._stream: IO[bytes] | None = None
        self._position = 0

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill `buffer` with the decompressed bytes from `offset` on."""
        try:
            with translate_errors(self.path, *_READ_ERRORS, why=_DAMAGED):
                stream = self._seek(offset)
                self._copy(stream, buffer)
        except BaseException:
            self.close()  # the position is unknown now
            raise

    def close(self) -> None:
        """Close the stream; the next read opens it again."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self._position = 0

    def _seek(self, offset: int) -> IO[bytes]:
        if self._stream is None or offset < self._position:
            self.close()
            # closing the archive leaves the member's stream open, which then owns the file
            with open_archive(self._file) as archive:
                self._stream = archive.open(self._info.filename)
        skipped = memoryview(bytearray(min(_PIECE_BYTES, offset - self._position)))
        while self._position < offset:
            self._copy(self._stream, skipped[: offset - self._position])
        return self._stream

    def _copy(self, stream: IO[bytes], buffer: memoryview) -> None:
        done = 0
        while done < len(buffer):
            piece = stream.read(min(_PIECE_BYTES, len(buffer) - done))
            if not piece:
                raise EOFError("the data ends early")
            buffer[done : done + len(piece)] = piece
            done += len(piece)
            self._position += len(piece)


def open_archive(path: str) -> zipfile.ZipFile:
    """Return the archive at a path."""
    return zipfile.ZipFile(open_file(path) if is_remote(path) else path)


class _CompressedSource:
    """What the two kinds of compressed members have in common."""

    format = "npz"
    names = None

    def __init__(self, path: str, file: str, info: zipfile.ZipInfo, header: NpyHeader) -> None:
        self.path = path
        self.dtype = get_native_dtype(header.dtype)
        self.shape = header.shape
        self.chunk_shape = (1,) * len(header.shape)
        self._header = header
        self._lock = Lock()
        self._member = _Member(path, file, info)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        self._member.close()

    def _fill(self, out: StoredArray, first: int) -> None:
        """Fill `out` with the values from index `first` on, in the order of the file."""
        if out.size:
            offset = self._header.offset + first * self._header.dtype.itemsize
            self._member.read_into(out.reshape(-1).view(np.uint8).data, offset)


class StreamedSource(_CompressedSource):
    """A compressed member in C order: reading forward is cheap, going back starts again."""

    is_sequential = True

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: the compressed data is damaged.
        """
        parts = complete_window(window, self.shape)
        shape = measure_window(parts)
        if measure_window(parts[1:]) == self.shape[1:]:
            out = np.empty(shape, self._header.dtype)
            self._fill(out, parts[0].start * math.prod(self.shape[1:]))
            return out.astype(self.dtype, copy=False)
        out = np.empty(shape, self.dtype)
        for place in range(shape[0]):
            out[place] = self._read_rows(parts[0].start + place, parts[1], parts[2:])
        return out

    def _read_rows(self, entry: int, rows: slice, rest: Window) -> StoredArray:
        """Return a part of one entry, of which whole rows are decompressed."""
        row_shape = self.shape[2:]
        block = np.empty((rows.stop - rows.start, *row_shape), self._header.dtype)
        self._fill(block, (entry * self.shape[1] + rows.start) * math.prod(row_shape))
        return block[(slice(None), *rest)]


class FortranSource(_CompressedSource):
    """A compressed member in Fortran order, which is decompressed once and kept.

    Its first axis varies fastest, so that the values of any window are spread over all of it.
    """

    is_sequential = False
    _values: StoredArray | None = None

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: the compressed data is damaged.
        """
        with self._lock:
            if self._values is None:
                values = np.empty(math.prod(self.shape), self._header.dtype)
                self._fill(values, 0)
                self.close()
                self._values = values.reshape(self.shape, order="F")
        return cut_window(self._values, window, self.dtype)
