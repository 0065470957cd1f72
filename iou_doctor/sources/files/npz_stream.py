"""Compressed members of an `.npz` file, decompressed as they are read."""

from __future__ import annotations

import math
import zipfile
import zlib
from threading import Lock
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.sources.files.npy_header import NpyHeader
from iou_doctor.sources.numbers import lengths, native, part_of, spans
from iou_doctor.sources.refusals import refusing

_PIECE_BYTES = 1 << 20  # decompressed at a time: bounds the memory beside the window itself

# what zipfile raises for damaged data, and for a file that changed since it was opened
_READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    KeyError,
    ValueError,
    RuntimeError,
)
_WHY = "its compressed data is damaged, or it changed while it was read; save it again"


class _Member:
    """A compressed member as a stream that can skip forward and start again."""

    def __init__(self, path: str, file: str, info: zipfile.ZipInfo) -> None:
        self.path = path
        self._file = file
        self._info = info
        self._stream: IO[bytes] | None = None
        self._position = 0

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill `buffer` with the bytes of the member from `offset` on."""
        try:
            with refusing(self.path, *_READ_ERRORS, why=_WHY):
                stream = self._at(offset)
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

    def _at(self, offset: int) -> IO[bytes]:
        if self._stream is None or offset < self._position:
            self.close()
            # closing the archive leaves the member's stream open, which then owns the file
            with zipfile.ZipFile(self._file) as archive:
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


class _CompressedSource:
    format = "npz"
    names = None

    def __init__(self, path: str, file: str, info: zipfile.ZipInfo, header: NpyHeader) -> None:
        self.path = path
        self.dtype = native(header.dtype)
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

    def _fill(self, out: NDArray[Any], first: int) -> None:
        """Fill `out` with the values from number `first` on, in the file's order."""
        if out.size:
            offset = self._header.offset + first * self._header.dtype.itemsize
            self._member.read_into(out.reshape(-1).view(np.uint8).data, offset)


class StreamedSource(_CompressedSource):
    """A compressed member in C order: forward reads are cheap, backward ones start again."""

    is_sequential = True

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`.

        Raises:
            SourceError: the compressed data is damaged.
        """
        parts = spans(window, self.shape)
        shape = lengths(parts)
        if lengths(parts[1:]) == self.shape[1:]:
            out = np.empty(shape, self._header.dtype)
            self._fill(out, parts[0].start * math.prod(self.shape[1:]))
            return out.astype(self.dtype, copy=False)
        out = np.empty(shape, self.dtype)
        for place in range(shape[0]):
            out[place] = self._rows(parts[0].start + place, parts[1], parts[2:])
        return out

    def _rows(self, entry: int, rows: slice, rest: tuple[slice, ...]) -> NDArray[Any]:
        """Return a part of one entry: whole rows are read, which follow each other."""
        row = self.shape[2:]
        block = np.empty((rows.stop - rows.start, *row), self._header.dtype)
        self._fill(block, (entry * self.shape[1] + rows.start) * math.prod(row))
        return block[(slice(None), *rest)]


class FortranSource(_CompressedSource):
    """A compressed member in Fortran order.

    Its first axis varies fastest, so any window is spread over the whole stream: this one is
    decompressed whole, once.
    """

    is_sequential = False
    _whole: NDArray[Any] | None = None

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`.

        Raises:
            SourceError: the compressed data is damaged.
        """
        with self._lock:
            if self._whole is None:
                values = np.empty(math.prod(self.shape), self._header.dtype)
                self._fill(values, 0)
                self.close()
                self._whole = values.reshape(self.shape, order="F")
        return part_of(self._whole, window, self.dtype)
