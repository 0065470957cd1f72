"""Unpacks gzip files, whose checksum is compared."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

try:
    from isal import igzip, isal_zlib
except ImportError:  # there are no wheels for some machines
    _GZIP: ModuleType = gzip
    _ERROR: type[Exception] = zlib.error
else:
    _GZIP = igzip  # over twice as fast
    _ERROR = cast("type[Exception]", isal_zlib.error)

GZIP_ERRORS = (OSError, EOFError, zlib.error, _ERROR)
"""What is raised for damaged files, and for those that cannot be read."""
_FLAGS_PLACE, _UNKNOWN_FLAGS = 3, 0xE0
"""The byte of the header that holds flags, and the flags that have no meaning."""
_PIECE_BYTES = 1 << 20
_MOST_EXTRA_BYTES = 1 << 24
"""The maximum number of bytes behind the values to unpack, only to compare the checksum."""


def read_start(path: str, size: int) -> bytes:
    """Return the first bytes of what a gzip file holds.

    Raises:
        OSError: it is damaged.
    """
    with _GZIP.open(path, "rb") as stream:
        return bytes(stream.read(size))


def unpack(
    path: str, offset: int, size: int, *, start: int = 0, is_all: bool = False
) -> NDArray[np.uint8]:
    """Return the bytes from an offset on.

    Args:
        path: the gzip file.
        offset: the number of unpacked bytes to leave out.
        size: the number of bytes to return.
        start: where the gzip stream begins in the file.
        is_all: whether nothing may follow these bytes.

    Raises:
        OSError: it is damaged; it may also be another one of `GZIP_ERRORS`.
    """
    out = np.empty(size, np.uint8)
    with Path(path).open("rb") as file, _GZIP.open(_seek(file, start), "rb") as stream:
        _skip(stream, offset)
        done = 0
        while done < size:
            piece = stream.read(min(_PIECE_BYTES, size - done))
            if not piece:
                raise EOFError("the data ends early")
            out[done : done + len(piece)] = np.frombuffer(piece, np.uint8)
            done += len(piece)
        extra = 0
        while extra < _MOST_EXTRA_BYTES and (piece := stream.read(_PIECE_BYTES)):
            extra += len(piece)
    if is_all and extra:
        raise OSError("there are more values than the header says")
    return out


def unpack_zlib(path: str, size: int, *, start: int, length: int) -> bytearray:
    """Return what a zlib stream holds, whose checksum is compared.

    Args:
        path: the file.
        size: the number of bytes that it must hold.
        start: where the stream begins in the file.
        length: the maximum number of bytes of the stream.

    Raises:
        OSError: the file cannot be read.
        EOFError: the stream ends early, or does not end there.
        zlib.error: it is damaged.
    """
    unpacker = zlib.decompressobj()
    content = bytearray()
    with Path(path).open("rb") as file:
        file.seek(start)
        # one byte more than wanted, so that the end of the stream is reached
        while not unpacker.eof and len(content) <= size:
            piece = unpacker.unconsumed_tail
            if not piece:
                piece = file.read(min(_PIECE_BYTES, length))
                length -= len(piece)
            if not piece:
                raise EOFError("the data ends early")
            content += unpacker.decompress(piece, size + 1 - len(content))
    if len(content) != size:
        raise EOFError("there are other values than the header says")
    return content


def _seek(file: BinaryIO, start: int) -> BinaryIO:
    """Go to the beginning of a gzip stream.

    Raises:
        OSError: its header has a flag that nobody has defined.
    """
    file.seek(start)
    if any(flags & _UNKNOWN_FLAGS for flags in file.read(_FLAGS_PLACE + 1)[_FLAGS_PLACE:]):
        raise OSError("the header has unknown flags")
    file.seek(start)
    return file


def _skip(stream: gzip.GzipFile, size: int) -> None:
    while size:
        piece = stream.read(min(_PIECE_BYTES, size))
        if not piece:
            raise EOFError("the data ends early")
        size -= len(piece)
