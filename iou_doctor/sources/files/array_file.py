"""A file with an array as an entry of a series of files."""

from __future__ import annotations

import stat
from collections.abc import Callable
from math import prod

import numpy as np

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp, build_stamp
from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.files.affines import Affine
from iou_doctor.sources.files.file_status import get_file_status, stamp_file
from iou_doctor.sources.files.member import ArrayInMemory, Values
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.files.stamps import CHANGED
from iou_doctor.sources.files.tiff.geo import GeoTags
from iou_doctor.sources.files.volumes.volume import Volume
from iou_doctor.sources.source_errors import source_error

Opener = Callable[[str, str | None], Source]
"""Opens a path, and the array of that name if a file holds several."""
_MOST_WHOLE_BYTES = 1 << 26
"""The maximum size of an array that is read as a whole when its file is opened: 64 MiB.

Its windows are then read out of order without unpacking it again.
"""


@record
class ArrayMember:
    """One file of arrays."""

    file: str
    name: str
    array_name: str | None
    """The name of the array inside the file; `None` if it has none."""
    open: Opener
    dtype: StoredDtype
    shape: tuple[int, ...]
    stamps: tuple[FileStamp, ...]
    """The file as it was before its header was read, and that of the voxels if they have one."""
    affine: Affine | None
    """The directions of the axes of a volume, if the file says them."""
    chunk_shape: tuple[int, ...]
    """For each axis, how many entries can be read at the cost of one."""
    geo: GeoTags | None = None
    """What a GeoTIFF says about its pixels."""

    @property
    def kind(self) -> str:
        """The dtype and the shape."""
        return f"{self.dtype} {self.shape}"

    def load(self) -> Values:
        """Open the file.

        Raises:
            SourceError: it is damaged, or changed since the folder was opened.
        """
        source = self.open(self.file, self.array_name)
        if source.shape != self.shape or source.dtype != self.dtype:
            raise source_error(self.file, CHANGED)
        if prod(self.shape) * self.dtype.itemsize > _MOST_WHOLE_BYTES:
            return source
        return ArrayInMemory(np.asarray(source.read(())))


def _stamp(path: str) -> FileStamp:
    if is_remote(path):
        return stamp_file(path)
    status = get_file_status(path)
    return build_stamp(path, status) if stat.S_ISDIR(status.st_mode) else stamp_file(path)


def read_array(file: str, name: str, opener: Opener, array: str | None) -> ArrayMember:
    """Return what a file says about its array.

    Args:
        file: the path of the file.
        name: what pairs it.
        opener: opens a file of its format.
        array: the name of the array inside the file.

    Raises:
        SourceError: it cannot be opened as an array.
    """
    stamps = [_stamp(file)]
    source: Source = opener(file, array)
    affine = source.affine if isinstance(source, Volume) else None
    if isinstance(source, Volume) and source.data_file is not None:
        stamps.append(_stamp(source.data_file))
    shape = tuple(length or 0 for length in source.shape)
    _, _, found = source.path.removeprefix(file).partition("::")
    return ArrayMember(
        file=file,
        name=name,
        array_name=found or array,
        open=opener,
        dtype=source.dtype,
        shape=shape,
        stamps=tuple(stamps),
        affine=affine,
        chunk_shape=source.chunk_shape,
    )
