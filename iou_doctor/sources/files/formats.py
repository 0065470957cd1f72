"""The table of file formats: a new one is a new file with a function that opens it, and a row here.

Each opener imports its module when it is called, because h5py and Pillow are slow to import.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.files.file_types import (
    HDF5_MAGIC,
    IMAGE_SUFFIXES,
    NPY_MAGIC,
    ZARR_FILES,
    ZIP_MAGIC,
    get_suffix,
)
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.source_errors import source_error


@record
class FileFormat:
    """A format of files that hold arrays."""

    name: str
    """`Source.format` of a single file."""
    suffixes: tuple[str, ...]
    """In lower case, with the dot."""
    magic: bytes | None
    """How a file of another suffix is recognised, by its first bytes; `None`: it is not."""
    open: Callable[[str, str | None], Source]
    """Opens a path, and the array of that name if a file holds several."""
    holds_one_sample: bool = False
    """Whether a file is one image or volume, and not an array of several."""
    is_folder: bool = False
    """Whether an array is a folder with this suffix."""
    needs_path: bool = False
    """Whether its library opens files on this machine only."""

    @property
    def series_name(self) -> str:
        """`Source.format` of a folder of such files."""
        return self.name if self.holds_one_sample else f"{self.name}_files"


def _open_npy(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.npy.npy import open_npy

    return open_npy(path, name)


def _open_npz(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.npy.npz import open_npz

    return open_npz(path, name)


def _open_hdf5(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.hdf5.source import open_hdf5

    return open_hdf5(path, name)


def _open_image(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.images.image_file import open_image

    return open_image(path, name)


def _open_matlab(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.matlab.matlab import open_matlab

    return open_matlab(path, name)


def _open_nifti(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.volumes.nifti import open_nifti

    return open_nifti(path, name)


def _open_zarr(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.zarr.zarr_array import open_zarr

    return open_zarr(path, name)


def _open_nrrd(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.volumes.nrrd import open_nrrd

    return open_nrrd(path, name)


def _open_meta_image(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.volumes.meta_image import open_meta_image

    return open_meta_image(path, name)


FILE_FORMATS = (
    FileFormat("npy", (".npy",), NPY_MAGIC, _open_npy),
    FileFormat("npz", (".npz",), ZIP_MAGIC, _open_npz),
    FileFormat("hdf5", (".h5", ".hdf5"), HDF5_MAGIC, _open_hdf5),
    FileFormat("matlab", (".mat",), b"MATLAB ", _open_matlab, needs_path=True),
    FileFormat("images", IMAGE_SUFFIXES, None, _open_image, holds_one_sample=True),
    FileFormat("zarr", (".zarr",), None, _open_zarr, is_folder=True),
    FileFormat(
        "nrrd", (".nrrd", ".nhdr"), b"NRRD000", _open_nrrd, holds_one_sample=True, needs_path=True
    ),
    FileFormat(
        "mha", (".mha", ".mhd"), None, _open_meta_image, holds_one_sample=True, needs_path=True
    ),
    FileFormat(
        "nifti", (".nii", ".nii.gz"), None, _open_nifti, holds_one_sample=True, needs_path=True
    ),
)


_BY_SUFFIX = {suffix: entry for entry in FILE_FORMATS for suffix in entry.suffixes}


def describe_supported_files() -> str:
    """Return what can be opened, for the message about a file that cannot."""
    arrays = (entry.suffixes[0] for entry in FILE_FORMATS if entry.name != "images")
    return f"images and {', '.join(arrays)} files work, and folders of them"


def check_ranges(path: str, entry: FileFormat) -> None:
    """Refuse a file in a store over the network of which no parts can be read.

    Raises:
        SourceError: files of its format have to be on this machine.
    """
    if entry.needs_path and is_remote(path):
        raise source_error(
            path, f"{entry.suffixes[0]} files are not read over the network; copy it here first"
        )


def find_format_by_suffix(path: str) -> FileFormat | None:
    """Return the format that the path's suffix names, if there is one."""
    return _BY_SUFFIX.get(get_suffix(path).lower())


def find_format_of_folder(path: str) -> FileFormat | None:
    """Return the format of an array that is a folder, if it is one: `X.zarr`, or a Zarr group."""
    found = find_format_by_suffix(path)
    if found is not None:
        return found if found.is_folder else None
    if is_remote(path):
        return None
    is_zarr = any(os.path.isfile(f"{path}/{name}") for name in ZARR_FILES)  # noqa: PTH113
    return _BY_SUFFIX[".zarr"] if is_zarr else None


def find_format_by_head(head: bytes) -> FileFormat | None:
    """Return the format whose files begin like `head`, if there is one."""
    for entry in FILE_FORMATS:
        if entry.magic is not None and head.startswith(entry.magic):
            return entry
    return None
