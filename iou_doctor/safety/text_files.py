"""Read small files that somebody names, which may be pipes, devices or endless."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 1 << 26
"""The maximum size of a text file in bytes. Reports of 4,096 classes take a fortieth of it."""


def read_text(path: Path, *, most_bytes: int = MOST_BYTES) -> str:
    """Return the text of a regular file.

    Args:
        path: the file.
        most_bytes: the maximum size.

    Raises:
        OSError: it is missing, too large, or no regular file.
        UnicodeDecodeError: it is not UTF-8.
        ValueError: the path has a NUL.
    """
    with open_regular(path) as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(0, f"it has more than {most_bytes:,} bytes")
    return data.decode("utf-8")


@contextmanager
def open_regular(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file that is neither a pipe nor a device, and close it at the end.

    Raises:
        OSError: it is missing, or no regular file.
        ValueError: the path has a NUL.
    """
    # a pipe without a writer would block when it is opened
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is no regular file; save it as one first")
        yield stream
