"""One array of a Zarr folder, of version 2 or 3, read chunk by chunk."""

from __future__ import annotations

import lzma
import os
import struct
import warnings
from collections.abc import Callable
from math import prod
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.source import Window
from iou_doctor.sources.array_checks import check_dtype, check_shape, get_native_dtype
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.fast_zlib import ZLIB_ERRORS
from iou_doctor.sources.files.memory_limits import MOST_HELD_BYTES, check_held_bytes
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.files.stamps import stamp_files
from iou_doctor.sources.files.zarr.bounded_codecs import bound_codecs
from iou_doctor.sources.files.zarr.checked_store import check_files_of, limit_chunks
from iou_doctor.sources.files.zarr.metadata import find_array
from iou_doctor.sources.source_errors import source_error, translate_errors
from iou_doctor.sources.windows import complete_window

_MOST_EXPANSION = 1 << 17
"""The maximum number of bytes of values for each byte of the folder. Chunks that hold only the fill
value are not stored."""
_MOST_CHUNKS = 20_000
"""The number of chunks that zarr looks for in a few seconds, although nothing was written."""
_MOST_CHUNKS_OF_FILE = 1000
"""The maximum number of chunks for each file, if there are more chunks than that."""
_MOST_FILES = 100_000
"""The maximum number of files whose sizes are added up."""
_DAMAGED = "the Zarr array is damaged or cut off; save or copy it again"
_CONTENT_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    *ZLIB_ERRORS,
)
"""What zarr and numcodecs raise for damaged arrays: their own errors are subclasses."""
_ZARR_ERRORS = (*_CONTENT_ERRORS, OSError)
Answer = TypeVar("Answer")


class ZarrSource:
    """An array as a source; zarr unpacks the chunks of a window in parallel."""

    format = "zarr"
    is_sequential = False
    names = None

    def __init__(self, path: str, array: Any, stamps: tuple[FileStamp, ...]) -> None:
        self.path = path
        self.stamps = stamps
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.dtype = get_native_dtype(np.dtype(array.dtype))
        self.chunk_shape: tuple[int, ...] = tuple(array.chunks)
        self._array = array

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`; chunks that were never written hold the fill value.

        Raises:
            SourceError: a chunk is damaged or cut off.
        """
        parts = complete_window(window, self.shape)
        with translate_errors(self.path, *_ZARR_ERRORS, why=_DAMAGED):
            values = _ask(self.path, lambda: np.asarray(self._array[parts]))
        return values.astype(self.dtype, copy=False)


def open_zarr(path: str, name: str | None = None) -> ZarrSource:
    """Return the array `name` of a Zarr folder, or its only one.

    Raises:
        SourceError: it has no such array, one that holds no numbers, or zarr is not installed.
    """
    found = find_array(path, name)
    place = f"{path}::{found.name}" if found.name else path
    stamps = stamp_files(f"{path}/{found.name}".rstrip("/"))
    with translate_errors(place, *_ZARR_ERRORS, why=_DAMAGED):
        _, array = _ask(path, lambda: _open(path, found.name))
        check_dtype(place, np.dtype(array.dtype))
        shape = tuple(int(size) for size in array.shape)
        check_shape(place, shape)
        _check_size(path, place, array)
        limit_chunks(array)
        bound_codecs(place, array)
        return ZarrSource(place, array, stamps)


def open_zarr_template(path: str, name: str | None) -> tuple[Any, Any]:
    """Return the group that an array lies in, `None` if it lies in none, and the array of zarr.

    Args:
        path: the folder.
        name: the name of the array in it.

    Raises:
        SourceError: there is no such array, or its metadata are damaged.
    """
    found = find_array(path, name)
    with translate_errors(path, *_ZARR_ERRORS, why=_DAMAGED):
        library, array = _open(path, found.name)
        if not found.name:
            return None, array
        return library.open_group(library.storage.LocalStore(path, read_only=True), mode="r"), array


def _ask(path: str, request: Callable[[], Answer]) -> Answer:
    """Return what zarr answers; a store over the network is asked again if it fails."""
    if not is_remote(path):
        return request()
    from iou_doctor.sources.files.remote.connection import ask_store

    return ask_store(path, request, own=_CONTENT_ERRORS)


def _open(path: str, name: str) -> tuple[Any, Any]:
    """Return zarr, and one of its arrays that has been examined."""
    instead = "save it with `np.save('NAME.npy', zarr.open(FILE)[:])`"
    library = import_extra(path, "zarr", extra="zarr", what="a Zarr array", instead=instead)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = _open_store(library, path)
        return library, library.open_array(store, path=name, mode="r")


def _open_store(library: ModuleType, path: str) -> Any:
    if not is_remote(path):
        return check_files_of(library.storage.LocalStore(path, read_only=True), path)
    from iou_doctor.sources.files.remote.connection import open_zarr_store

    return open_zarr_store(library, path)


def _check_size(path: str, place: str, array: Any) -> None:
    itemsize = np.dtype(array.dtype).itemsize
    check_held_bytes(
        place,
        prod(array.chunks) * itemsize,
        what="each of its chunks",
        remedy="save it with smaller chunks",
    )
    claimed = prod(array.shape) * itemsize
    chunks = prod(-(-n // chunk) for n, chunk in zip(array.shape, array.chunks, strict=True))
    if claimed <= MOST_HELD_BYTES and chunks <= _MOST_CHUNKS:
        return
    size, files = _measure_files(path)
    if claimed > max(MOST_HELD_BYTES, size * _MOST_EXPANSION) or chunks > max(
        _MOST_CHUNKS, files * _MOST_CHUNKS_OF_FILE
    ):
        raise source_error(
            place,
            f"its shape {tuple(array.shape)} means {claimed:,} bytes in {chunks:,} chunks, and"
            " nearly nothing was written to it; save it again",
        )


def _measure_files(path: str) -> tuple[int, int]:
    """Return the number of bytes in a folder, and of files; of many files, only some count."""
    if is_remote(path):
        from iou_doctor.sources.files.remote.store import list_sizes

        sizes = list_sizes(path)
        return sum(sizes), len(sizes)
    total = count = 0
    for folder, _, names in os.walk(path):
        for name in names:
            count += 1
            if count > _MOST_FILES:
                return total, count
            total += os.stat(f"{folder}/{name}", follow_symlinks=False).st_size  # noqa: PTH116
    return total, count
