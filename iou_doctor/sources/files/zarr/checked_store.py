"""Lets zarr read regular files only, none of which holds far more than its chunk."""

from __future__ import annotations

import os
import stat
from math import prod
from typing import Any

import numpy as np

from iou_doctor.sources.files.memory_limits import MOST_HELD_BYTES
from iou_doctor.sources.source_errors import source_error

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SIZE_BYTES = {0x80: 4, 0xC0: 8, 0x40: 2}
"""The bytes of the number of unpacked bytes, by the first two bits of a frame's descriptor."""
_ZSTD_DICTIONARY_BYTES = (0, 1, 2, 4)
"""The bytes of the number of the dictionary, by the last two bits."""
_HEAD_BYTES = 18
"""The size of the longest header, that of Zstandard."""
_SINGLE_SEGMENT = 0x20
_WIDEST, _SLACK = 9, 1 << 16
"""A chunk may be stored in as many times its size, if its filters widen its values, and in a few
bytes more."""


def check_files_of(store: Any, path: str) -> Any:
    """Return a store of zarr whose files are examined before they are read.

    Args:
        store: a `zarr.storage.LocalStore`, which is changed.
        path: its folder.
    """
    read: Any = store.get
    read_at_once: Any = getattr(store, "get_sync", None)

    async def get(key: str, *options: Any, **more: Any) -> Any:
        _check_file(path, key, store.most_bytes)
        return await read(key, *options, **more)

    def get_sync(key: str, **options: Any) -> Any:
        _check_file(path, key, store.most_bytes)
        return read_at_once(key, **options)

    store.most_bytes = MOST_HELD_BYTES
    store.get = get
    if read_at_once is not None:  # older versions lack it
        store.get_sync = get_sync
    return store


def limit_chunks(array: Any) -> None:
    """Refuse files that hold far more than a chunk of an array, packed or unpacked.

    Args:
        array: an array of zarr, of whose store the files are checked.
    """
    chunk = prod(getattr(array, "shards", None) or array.chunks) * np.dtype(array.dtype).itemsize
    array.store.most_bytes = _WIDEST * chunk + _SLACK


def _check_file(path: str, key: str, most: int) -> None:
    """Refuse what is no regular file, or would fill the memory.

    Raises:
        SourceError: it is such a file.
    """
    file = f"{path}/{key}"
    try:
        status = os.stat(file)  # noqa: PTH116 - a Path is slower, for each chunk
    except (OSError, ValueError):
        return  # zarr takes a missing chunk for the fill value, and says what else is wrong
    if stat.S_ISDIR(status.st_mode):
        return
    if not stat.S_ISREG(status.st_mode):
        raise source_error(file, "it is a device or a pipe, and not a file; save it again")
    size = max(status.st_size, _read_unpacked_size(file, status.st_size))
    if size > most:
        raise source_error(
            file, f"it holds {size:,} bytes, far more than a chunk of the array; save it again"
        )


def _read_unpacked_size(file: str, size: int) -> int:
    """Return the number of bytes that a frame of Zstandard or Blosc claims; 0 for others."""
    with open(file, "rb") as stream:  # noqa: PTH123
        head = stream.read(_HEAD_BYTES)
    if head.startswith(_ZSTD_MAGIC) and len(head) == _HEAD_BYTES:
        length = _ZSTD_SIZE_BYTES.get(head[4] & 0xC0, 0)
        start = 5 if head[4] & _SINGLE_SEGMENT else 6
        start += _ZSTD_DICTIONARY_BYTES[head[4] & 3]
        return int.from_bytes(head[start : start + length], "little")
    is_blosc = len(head) >= 16 and int.from_bytes(head[12:16], "little") == size
    return int.from_bytes(head[4:8], "little") if is_blosc else 0
