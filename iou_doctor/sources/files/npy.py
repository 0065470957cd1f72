"""Arrays saved by `np.save`, memory-mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record
from iou_doctor.sources.files.file_status import file_head, file_size
from iou_doctor.sources.files.npy_header import NpyHeader, read_header
from iou_doctor.sources.numbers import native, part_of
from iou_doctor.sources.refusals import refusal, refusing


@record
class MappedSource:
    """Values that lie uncompressed in a file: a `.npy`, or a stored member of an `.npz`.

    The file is mapped anew for each read: no handle stays open, the pages of earlier windows are
    given back, and a file that has shrunk meanwhile is an error and not a crash.
    """

    path: str
    format: str
    file: str
    """The file itself, without `::name`."""
    header: NpyHeader
    offset: int
    """Bytes of the file before the first value."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype that `read` returns."""
        return native(self.header.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole."""
        return self.header.shape

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """All 1: any part can be read alone."""
        return (1,) * len(self.shape)

    @property
    def is_sequential(self) -> bool:
        """False: any order costs the same."""
        return False

    @property
    def names(self) -> None:
        """The entries have no names."""
        return

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`, as a view of the file where the byte order allows.

        Raises:
            SourceError: the file is gone or has shrunk.
        """
        # ValueError: mmap's word for a file that is shorter than the mapping
        with refusing(self.path, OSError, ValueError, why="it changed while it was read"):
            mapped: NDArray[Any] = np.memmap(
                self.file,
                dtype=self.header.dtype,
                mode="r",
                offset=self.offset,
                shape=self.shape,
                order=_order(self.header),
            )
        return part_of(mapped, window, self.dtype)


def open_npy(path: str, name: str | None = None) -> MappedSource:
    """Return the array in a `.npy` file.

    Raises:
        SourceError: it is no such file, holds no numbers, or is cut off.
    """
    file_head(path)
    if name is not None:
        raise refusal(path, f"a .npy file holds one array without a name; drop `::{name}`")
    with refusing(path, OSError, why="it cannot be opened"), Path(path).open("rb") as stream:
        header = read_header(stream, path, file_size(path))
    return MappedSource(path, "npy", path, header, header.offset)


def _order(header: NpyHeader) -> Literal["C", "F"]:
    return "F" if header.order == "F" else "C"
