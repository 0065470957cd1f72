"""The table of file formats: a new one is a new file with a function that opens it, and a row here.

Each opener imports its module when it is called, because h5py and Pillow are slow to import.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.files.file_types import HDF5_MAGIC, IMAGE_SUFFIXES, NPY_MAGIC, ZIP_MAGIC


@record
class FileFormat:
    """A format of files that hold arrays."""

    suffixes: tuple[str, ...]
    """In lower case, with the dot."""
    magic: bytes | None
    """How a file of another suffix is recognised, by its first bytes; `None`: it is not."""
    open: Callable[[str, str | None], Source]
    """Opens a path, and the array of that name if a file holds several."""


def _open_npy(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.npy import open_npy

    return open_npy(path, name)


def _open_npz(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.npz import open_npz

    return open_npz(path, name)


def _open_hdf5(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.hdf5.source import open_hdf5

    return open_hdf5(path, name)


def _open_image(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.image_folder import open_image

    return open_image(path, name)


FILE_FORMATS = (
    FileFormat((".npy",), NPY_MAGIC, _open_npy),
    FileFormat((".npz",), ZIP_MAGIC, _open_npz),
    FileFormat((".h5", ".hdf5"), HDF5_MAGIC, _open_hdf5),
    FileFormat(IMAGE_SUFFIXES, None, _open_image),
)


def describe_supported_files() -> str:
    """Return what can be opened, for the message about a file that cannot."""
    *suffixes, last = (suffix for entry in FILE_FORMATS for suffix in entry.suffixes)
    return f"{', '.join(suffixes)} and {last} files work, and folders of images"


def find_format_by_suffix(path: str) -> FileFormat | None:
    """Return the format that the path's suffix names, if there is one."""
    suffix = Path(path).suffix.lower()
    return next((entry for entry in FILE_FORMATS if suffix in entry.suffixes), None)


def find_format_by_head(head: bytes) -> FileFormat | None:
    """Return the format whose files begin like `head`, if there is one."""
    for entry in FILE_FORMATS:
        if entry.magic is not None and head.startswith(entry.magic):
            return entry
    return None
