"""A text that tells the files of one data set from others, wherever they lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from iou_doctor.arrays.file_stamp import FileStamp

BLOCKS, BLOCK_BYTES = 16, 4096
"""Parts of a file that tell it from another one of the same size, and their size."""
MOST_FILES = 4
"""The number of files of a folder of which parts are read. Of the others, the size is enough."""


def fingerprint_files(stamps: tuple[FileStamp, ...]) -> str:
    """Return a text that other files do not have, whatever their names and times are.

    It depends on the size of each file, and on some of the bytes of a few. Of objects in a store
    over the network, it depends on what the store calls their versions.
    """
    digest = blake2b(digest_size=16)
    for stamp in stamps:
        digest.update(stamp.size.to_bytes(8, "little") + stamp.version.encode())
    step = max(1, len(stamps) // MOST_FILES)
    for stamp in stamps[::step][: MOST_FILES + 1]:
        for piece in _read_pieces(stamp):
            digest.update(piece)
    return digest.hexdigest()


def _read_pieces(stamp: FileStamp) -> Iterator[bytes]:
    """Yield a few bytes here and there in a file; none if it cannot be read."""
    if stamp.version:  # of an object in a store
        return
    try:
        with Path(stamp.path).open("rb", buffering=0) as stream:
            for index in range(BLOCKS):
                stream.seek((stamp.size - BLOCK_BYTES) * index // (BLOCKS - 1) if index else 0)
                yield stream.read(BLOCK_BYTES)
    except (OSError, ValueError):
        yield os.fsencode("unread")
