"""One of the files of a series: what is known before its values are read, and the values."""

from __future__ import annotations

from typing import Protocol

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.source import Window
from iou_doctor.record import record
from iou_doctor.sources.files.affines import Affine
from iou_doctor.sources.files.tiff.geo import GeoTags
from iou_doctor.sources.windows import cut_window


class Values(Protocol):
    """The values of one file, ready to be read."""

    def read(self, window: Window) -> StoredArray:
        """Return the values in a window."""


@record
class ArrayInMemory:
    """The values of a small file, or of one that is decoded as a whole."""

    values: StoredArray

    def read(self, window: Window) -> StoredArray:
        """Return the values in a window."""
        return cut_window(self.values, window, self.values.dtype)


class Member(Protocol):
    """What is known of one file before its values are read."""

    @property
    def file(self) -> str:
        """The path of the file."""

    @property
    def name(self) -> str:
        """What pairs it: its path within the folder, without the suffix."""

    @property
    def array_name(self) -> str | None:
        """The name of the array inside the file; `None` if it has none."""

    @property
    def dtype(self) -> StoredDtype:
        """The dtype of its values, in the byte order of this machine."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its values."""

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """For each axis, how many entries can be read at the cost of one."""

    @property
    def kind(self) -> str:
        """What it is, in words, for the error about files that differ."""

    @property
    def affine(self) -> Affine | None:
        """The directions of the axes of a volume, if the file says them."""

    @property
    def geo(self) -> GeoTags | None:
        """What a GeoTIFF says about its pixels."""

    @property
    def stamps(self) -> tuple[FileStamp, ...]:
        """Its files as they were before their headers were read."""

    def load(self) -> Values:
        """Open the file.

        Raises:
            SourceError: it is damaged, or changed since the folder was opened.
        """
