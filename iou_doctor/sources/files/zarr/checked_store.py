"""Lets zarr read regular files only, none of which is far larger than its chunk."""

from __future__ import annotations

import os
import stat
from math import prod
from typing import Any

import numpy as np

from iou_doctor.sources.files.memory_limits import MOST_HELD_BYTES
from iou_doctor.sources.files.zarr.bounded_codecs import WIDEST
from iou_doctor.sources.source_errors import source_error

_SLACK = 1 << 16
"""The number of bytes that the file of a chunk may have in addition to the largest size."""


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
    """Refuse files that are far larger than a chunk of an array.

    Args:
        array: an array of zarr, of whose store the files are checked.
    """
    chunk = prod(getattr(array, "shards", None) or array.chunks) * np.dtype(array.dtype).itemsize
    array.store.most_bytes = WIDEST * chunk + _SLACK


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
    if status.st_size > most:
        raise source_error(
            file,
            f"it holds {status.st_size:,} bytes, far more than a chunk of the array; save it again",
        )
