"""Unpacks gzip files, whose checksum is compared."""

from __future__ import annotations

import gzip
import zlib
from types import ModuleType
from typing import cast

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


def unpack(path: str, offset: int, size: int) -> NDArray[np.uint8]:
    """Return the bytes from an offset on.

    Args:
        path: the gzip file.
        offset: the number of unpacked bytes to leave out.
        size: the number of bytes to return.

    Raises:
        OSError: it is damaged; it may also be another one of `GZIP_ERRORS`.
    """
    out = np.empty(size, np.uint8)
    with _GZIP.open(path, "rb") as stream:
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
    return out


def _skip(stream: gzip.GzipFile, size: int) -> None:
    while size:
        piece = stream.read(min(_PIECE_BYTES, size))
        if not piece:
            raise EOFError("the data ends early")
        size -= len(piece)
