"""Tell from its name that an array comes from JPEG files."""

from __future__ import annotations

from collections.abc import Iterable

from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.source import Source

SUFFIXES = (".jpg", ".jpeg")


def are_jpeg_files(source: Source) -> bool:
    """Return whether the first file of a source is a JPEG, by its name."""
    stamps: Iterable[FileStamp] = getattr(source, "stamps", ())
    first = next(iter(stamps), None)
    return first is not None and first.path.lower().endswith(SUFFIXES)
