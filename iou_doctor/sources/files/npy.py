"""Arrays saved by `np.save`: small ones are read, large ones memory-mapped."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Literal

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Window
from iou_doctor.record import record
from iou_doctor.sources.array_checks import get_native_dtype
from iou_doctor.sources.files.bus_errors import BUS_ERRORS, CUT_OFF
from iou_doctor.sources.files.file_status import get_file_size, read_file_head
from iou_doctor.sources.files.npy_header import NpyHeader, read_header
from iou_doctor.sources.source_errors import source_error, translate_errors
from iou_doctor.sources.windows import cut_window

MOST_READ_BYTES = 1 << 22
"""The maximum size in bytes of an array that is read as a whole when it is opened. Mapping saves no
time for such an array, and nothing can happen to a copy."""


@record
class MappedSource:
    """Values that lie uncompressed in a file: a `.npy`, or a stored member of an `.npz`.

    A large file is mapped again for each read. So no file stays open, the memory of earlier windows
    is released, and a file that has shrunk meanwhile is an error. `BUS_ERRORS` is for a file that
    shrinks while it is mapped.
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
        return cut_window(self._open_values(), window, self.dtype)

    def _open_values(self) -> StoredArray:
        """Return the whole array without reading it if it is large."""
        order = _get_memory_order(self.header)
        if self.content is not None:
            values = np.frombuffer(self.content, self.header.dtype)
            return values.reshape(self.shape, order=order)
        BUS_ERRORS.check(self.path)
        BUS_ERRORS.prepare()
        # mmap raises ValueError for a file that is shorter than the mapping
        with translate_errors(self.path, OSError, ValueError, why="it changed while it was read"):
            return np.memmap(
                self.file,
                dtype=self.header.dtype,
                mode="r",
                offset=self.offset,
                shape=self.shape,
                order=order,
            )


def open_npy(path: str, name: str | None = None) -> MappedSource:
    """Return the array in a `.npy` file.

    Raises:
        SourceError: it is another kind of file, holds no numbers, or is cut off.
    """
    read_file_head(path)
    if name is not None:
        raise source_error(path, f"a .npy file holds one array without a name; drop `::{name}`")
    why = "check that you may read the file"
    with translate_errors(path, OSError, why=why), Path(path).open("rb") as stream:
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
        return MappedSource(path, format_name, file, header, offset)
    why = "check that you may read the file"
    with translate_errors(path, OSError, why=why), Path(file).open("rb") as stream:
        stream.seek(offset)
        content = stream.read(header.nbytes)
    if len(content) < header.nbytes:
        raise source_error(path, CUT_OFF)
    return MappedSource(path, format_name, file, header, offset, content)


def _get_memory_order(header: NpyHeader) -> Literal["C", "F"]:
    return "F" if header.order == "F" else "C"
