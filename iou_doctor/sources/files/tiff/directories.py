"""Follow the directories of a TIFF file, one for each page, before a library reads their tags."""

from __future__ import annotations

import struct
from typing import IO

_BIG = 43
"""The number behind the byte order of a BigTIFF, whose numbers have 64 bits."""


def check_directories(stream: IO[bytes], size: int) -> None:
    """Refuse directories that are larger than the file, or overlap: reading them may take hours.

    Args:
        stream: the file, at its beginning. The position is anywhere afterwards.
        size: the number of bytes of the file.

    Raises:
        ValueError: a directory is damaged.
        struct.error: the file ends early.
    """
    order = {b"II": "<", b"MM": ">"}.get(stream.read(2))
    if order is None:
        raise ValueError("it begins with no byte order")
    (kind,) = struct.unpack(f"{order}H", stream.read(2))
    is_big = kind == _BIG
    count, offset = (f"{order}{form}" for form in ("QQ" if is_big else "HI"))
    tag_bytes = 20 if is_big else 12
    stream.seek(8 if is_big else 4)
    taken = 0
    while 0 < (place := _read(stream, offset)) < size:  # some programs let it lead nowhere
        stream.seek(place)
        tags = _read(stream, count)
        taken += struct.calcsize(count) + tags * tag_bytes + struct.calcsize(offset)
        if taken > size:
            raise ValueError("its directories are larger than the file, or form a circle")
        stream.seek(tags * tag_bytes, 1)


def _read(stream: IO[bytes], form: str) -> int:
    (number,) = struct.unpack(form, stream.read(struct.calcsize(form)))
    return int(number)
