"""Compare the checksums of a PNG file, which Pillow does not compare for the pixels."""

from __future__ import annotations

import zlib
from typing import IO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIECE_BYTES = 1 << 20
"""The number of bytes to read at a time."""
_IS_ANCILLARY = 0x20
"""The bit of a name's first byte that marks chunks without which the image can be read."""


def check_chunks(stream: IO[bytes]) -> None:
    """Read a PNG file to its end, and compare the checksums of the chunks that the pixels need.

    Args:
        stream: the file, at its beginning. The position is anywhere afterwards.

    Raises:
        ValueError: a checksum differs.
        EOFError: the file ends before its last chunk.
    """
    stream.seek(len(SIGNATURE))
    name = b""
    while name != b"IEND":
        head = _read(stream, 8)
        size, name = int.from_bytes(head[:4], "big"), head[4:]
        found = zlib.crc32(name)
        while size:
            piece = _read(stream, min(size, _PIECE_BYTES))
            found = zlib.crc32(piece, found)
            size -= len(piece)
        stored = int.from_bytes(_read(stream, 4), "big")
        if found != stored and not name[0] & _IS_ANCILLARY:
            raise ValueError(f"the chunk {name!r} has another checksum")


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the file ends early")
    return data
