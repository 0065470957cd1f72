"""Arrays saved by `np.save`: small ones are read, large ones memory-mapped."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Literal

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Window
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.array_checks import get_native_dtype
from iou_doctor.sources.files.bus_errors import BUS_ERRORS, CUT_OFF
from iou_doctor.sources.files.file_status import (
    ReadableFile,
    get_file_size,
    open_file,
    read_file_head,
)
from iou_doctor.sources.files.npy.npy_header import NpyHeader, read_header
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.source_errors import source_error, translate_errors
from iou_doctor.sources.windows import complete_window, cut_window, measure_window

if TYPE_CHECKING:
    from iou_doctor.sources.files.npy.piecewise_checksum import PiecewiseChecksum

MOST_READ_BYTES = 1 << 22
"""The maximum size in bytes of an array that is read as a whole when it is opened. Mapping saves no
time for such an array, and nothing can happen to a copy."""

_BLOCK_BYTES = 1 << 20
"""The size of a block that is read as a whole, although less of it is wanted."""

DAMAGED = "it is damaged: its values have another checksum; save or copy it again"


@record
class MappedSource:
    """Values that lie uncompressed in a file: a `.npy`, or a stored member of an `.npz`.

    A large file is mapped again for each read. So no file stays open, the memory of earlier windows
    is released, and a file that has shrunk meanwhile is an error. `BUS_ERRORS` is for a file that
    shrinks while it is mapped. Where it cannot help, files are read.
    """

    path: str
    format: str
    file: str
    """The path of the file itself, without `::name`."""
    header: NpyHeader
    offset: int
    """Bytes of the file before the first value."""
    content: bytes | None = field(default=None, repr=False)
    """All values of a small array as stored; `None` for a large one."""
    checksum: PiecewiseChecksum | None = field(default=None, repr=False, compare=False)
    """Compares the checksum of values over the network when all were read."""

    @property
    def dtype(self) -> StoredDtype:
        """The dtype that `read` returns."""
        return get_native_dtype(self.header.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        return self.header.shape

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """All 1: any part can be read alone."""
        return (1,) * len(self.shape)

    @property
    def is_sequential(self) -> bool:
        """False: reading in any order costs the same."""
        return False

    @property
    def names(self) -> None:
        """`None`: the entries have no names."""
        return

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`, as a view of the file if the byte order allows it.

        Raises:
            SourceError: the file is gone or has shrunk.
        """
        order = _get_memory_order(self.header)
        if self.content is not None:
            values = np.frombuffer(self.content, self.header.dtype)
            return cut_window(values.reshape(self.shape, order=order), window, self.dtype)
        # mmap raises ValueError for a file that is shorter than the mapping
        with translate_errors(
            self.path, OSError, ValueError, EOFError, why="it changed while it was read"
        ):
            if BUS_ERRORS.can_map and not is_remote(self.file):
                return cut_window(self._map_values(order), window, self.dtype)
            parts = complete_window(window, self.shape)
            with open_file(self.file) as stream:
                if order == "C":
                    return self._read_part(stream, 0, parts, self.shape)
                return self._read_part(stream, 0, parts[::-1], self.shape[::-1]).T

    def _map_values(self, order: Literal["C", "F"]) -> StoredArray:
        """Return the whole array as a view of the file."""
        BUS_ERRORS.check(self.path)
        values = np.memmap(
            self.file,
            dtype=self.header.dtype,
            mode="r",
            offset=self.offset,
            shape=self.shape,
            order=order,
        )
        BUS_ERRORS.guard(values)
        return values

    def _read_part(
        self, stream: ReadableFile, first: int, parts: Window, shape: tuple[int, ...]
    ) -> StoredArray:
        """Return a window of an array in C order, read from the file in blocks.

        Args:
            stream: the file.
            first: the number of values in front of the array.
            parts: the window, a slice of each axis.
            shape: the shape of the array.
        """
        inner = math.prod(shape[1:])
        rows = parts[0].stop - parts[0].start
        is_whole = measure_window(parts[1:]) == shape[1:]
        if is_whole or rows * inner * self.header.dtype.itemsize <= _BLOCK_BYTES:
            block = self._read_block(stream, first + parts[0].start * inner, (rows, *shape[1:]))
            return block[(slice(None), *parts[1:])]
        out = np.empty(measure_window(parts), self.dtype)
        for place, entry in enumerate(range(parts[0].start, parts[0].stop)):
            out[place] = self._read_part(stream, first + entry * inner, parts[1:], shape[1:])
        return out

    def _read_block(self, stream: ReadableFile, first: int, shape: tuple[int, ...]) -> StoredArray:
        """Return an array of this shape, whose values follow one another from one on."""
        block = np.empty(shape, self.header.dtype)
        stream.seek(self.offset + first * block.itemsize)
        if block.size and stream.readinto(block.reshape(-1).view(np.uint8).data) < block.nbytes:
            raise EOFError("the file ends early")
        self.compare_checksum(first * block.itemsize, block)
        return block.astype(self.dtype, copy=False)

    def compare_checksum(self, start: int, values: StoredArray | bytes) -> None:
        """Refuse the array if all values were read, and their checksum is another one.

        Args:
            start: the number of bytes before these values.
            values: as stored.

        Raises:
            SourceError: it is damaged.
        """
        if self.checksum is None or not len(values):
            return
        content = values if isinstance(values, bytes) else values.reshape(-1).view(np.uint8).data
        if not self.checksum.add(start, memoryview(content)):
            raise source_error(self.path, DAMAGED)


def open_npy(path: str, name: str | None = None) -> MappedSource:
    """Return the array in a `.npy` file.

    Raises:
        SourceError: it is another kind of file, holds no numbers, or is cut off.
    """
    read_file_head(path)
    if name is not None:
        raise source_error(path, f"a .npy file holds one array without a name; drop `::{name}`")
    why = "check that you may read the file"
    with translate_errors(path, OSError, why=why), open_file(path) as stream:
        header = read_header(stream, path, get_file_size(path))
    return open_values(path, "npy", path, header, header.offset)


def open_values(
    path: str, format_name: str, file: str, header: NpyHeader, offset: int
) -> MappedSource:
    """Return the values that lie uncompressed in a file from an offset on.

    Args:
        path: what to call the array.
        format_name: the format of the file.
        file: its path.
        header: what is known of the values.
        offset: the number of bytes before the first value.

    Raises:
        SourceError: the file cannot be read, or has shrunk.
    """
    if header.nbytes > MOST_READ_BYTES:
        if header.order == "F" and is_remote(file):
            raise _fortran_error(path)
        return MappedSource(path, format_name, file, header, offset)
    why = "check that you may read the file"
    with translate_errors(path, OSError, why=why), open_file(file) as stream:
        stream.seek(offset)
        content = stream.read(header.nbytes)
    if len(content) < header.nbytes:
        raise source_error(path, CUT_OFF)
    return MappedSource(path, format_name, file, header, offset, content)


def _fortran_error(path: str) -> SourceError:
    return source_error(
        path,
        "it is in Fortran order, of which no parts can be read over the network; save it in C order"
        " (`np.ascontiguousarray`), or copy it here first",
    )


def _get_memory_order(header: NpyHeader) -> Literal["C", "F"]:
    return "F" if header.order == "F" else "C"
