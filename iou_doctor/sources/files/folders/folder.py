"""Opens a folder, a pattern or one volume as a series of files."""

from __future__ import annotations

from pathlib import Path

from iou_doctor.sources.files.array_file import read_array
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.folders.file_list import (
    FileList,
    ListedFile,
    list_folder,
    list_pattern,
)
from iou_doctor.sources.files.folders.text_list import list_files
from iou_doctor.sources.files.formats import FileFormat
from iou_doctor.sources.files.member import Member
from iou_doctor.sources.source_errors import source_error


def open_array(path: str, name: str | None, entry: FileFormat) -> FileSeries:
    """Return one file of a format that holds one sample, as a source of one entry.

    Raises:
        SourceError: it cannot be opened as an array.
    """
    stem = Path(path).name.removesuffix(get_suffix(path))
    member = read_array(path, stem, entry.open, name)
    return FileSeries(path, [member], format_name=entry.series_name, is_folder=False)


def open_folder(path: str, name: str | None = None) -> FileSeries:
    """Return the images or arrays in a folder, in the natural order of their names.

    Args:
        path: the folder.
        name: the array to read from each file, for formats that hold several.

    Raises:
        SourceError: there are none, one is damaged, or they differ in kind.
    """
    return _open_files(path, list_folder(path), name)


def open_pattern(path: str, name: str | None = None) -> FileSeries:
    """Return the files that a pattern matches, like `open_folder`.

    Raises:
        SourceError: there are none, one is damaged, or they differ in kind.
    """
    return _open_files(path, list_pattern(path), name)


def open_list(path: str, name: str | None, *, masks: bool) -> FileSeries:
    """Return the files that a text file lists, in its order.

    Args:
        path: the list.
        name: the array to read from each file, for formats that hold several.
        masks: whether to read the masks of a list of pairs, and not the predictions.

    Raises:
        SourceError: a file is missing or damaged, or they differ in kind.
    """
    return _open_files(path, list_files(path, masks=masks), name, is_listed=True)


def _open_files(
    path: str, found: FileList, name: str | None, *, is_listed: bool = False
) -> FileSeries:
    entry = found.format
    if entry.name == "images":
        if name is not None:
            raise source_error(path, f"a folder of images has no named arrays; drop `::{name}`")
        members: list[Member] = [_read_image(file) for file in found.files]
    else:
        members = [read_array(file.file, file.name, entry.open, name) for file in found.files]
    place = path if name is None else f"{path}::{name}"
    return FileSeries(
        place,
        members,
        format_name=entry.series_name,
        is_folder=True,
        is_listed=is_listed,
        left_out=found.left_out,
    )


def _read_image(listed: ListedFile) -> Member:
    from iou_doctor.sources.files.images.image_file import read_member

    return read_member(listed.file, listed.name)
