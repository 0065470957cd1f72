"""A file with an array as an entry of a series of files."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.files.affines import Affine
from iou_doctor.sources.files.file_series import ArrayInMemory, FileSeries, Values
from iou_doctor.sources.files.file_status import stamp_file
from iou_doctor.sources.files.formats import FileFormat, get_suffix
from iou_doctor.sources.files.stamps import CHANGED
from iou_doctor.sources.files.volume import Volume
from iou_doctor.sources.source_errors import source_error

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
    file_format: FileFormat
    dtype: StoredDtype
    shape: tuple[int, ...]
    stamp: FileStamp
    """The file as it was before its header was read."""
    affine: Affine | None
    """The directions of the axes of a volume, if the file says them."""

    @property
    def kind(self) -> str:
        """The dtype and the shape."""
        return f"{self.dtype} {self.shape}"

    def load(self) -> Values:
        """Open the file.

        Raises:
            SourceError: it is damaged, or changed since the folder was opened.
        """
        source = self.file_format.open(self.file, self.array_name)
        if source.shape != self.shape or source.dtype != self.dtype:
            raise source_error(self.file, CHANGED)
        if prod(self.shape) * self.dtype.itemsize > _MOST_WHOLE_BYTES:
            return source
        return ArrayInMemory(np.asarray(source.read(())))


def open_array(path: str, name: str | None, entry: FileFormat) -> FileSeries:
    """Return one file of a format that holds one sample, as a source of one entry.

    Raises:
        SourceError: it cannot be opened as an array.
    """
    stem = Path(path).name.removesuffix(get_suffix(path))
    member = read_array(path, stem, entry, name)
    return FileSeries(path, [member], format_name=entry.series_name, is_folder=False)


def read_array(file: str, name: str, entry: FileFormat, array: str | None) -> ArrayMember:
    """Return what a file says about its array.

    Args:
        file: the path of the file.
        name: what pairs it.
        entry: the format of the file.
        array: the name of the array inside the file.

    Raises:
        SourceError: it cannot be opened as an array.
    """
    stamp = stamp_file(file)
    source: Source = entry.open(file, array)
    affine = source.affine if isinstance(source, Volume) else None
    shape = tuple(length or 0 for length in source.shape)
    _, _, found = source.path.removeprefix(file).partition("::")
    return ArrayMember(file, name, found or array, entry, source.dtype, shape, stamp, affine)
