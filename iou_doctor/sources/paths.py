"""Opens what a path stands for: a file, a folder, a pattern, or one of several arrays in a file."""

from __future__ import annotations

from pathlib import Path

from iou_doctor.arrays.source import Source
from iou_doctor.safety.listed_files import LIST_SUFFIXES
from iou_doctor.sources.files.file_status import is_folder, read_file_head
from iou_doctor.sources.files.file_types import describe_head
from iou_doctor.sources.files.formats import (
    FileFormat,
    check_ranges,
    describe_supported_files,
    find_format_by_head,
    find_format_by_suffix,
    find_format_of_folder,
)
from iou_doctor.sources.files.remote.address import conceal, is_remote
from iou_doctor.sources.files.unread_types import find_unread_format
from iou_doctor.sources.source_errors import source_error


def open_source(spec: str, *, masks: bool = False) -> Source:
    """Return the array at `spec`: a file, a folder of files, or `FILE::name` for one of several.

    Args:
        spec: the path.
        masks: whether to read the masks of a text file that lists pairs, and not the predictions.

    Raises:
        SourceError: it cannot be opened as an array of numbers.
    """
    path, name = split_name(spec)
    if _is_pattern(path):
        return _open_pattern(path, name)
    if is_folder(path):
        entry = find_format_of_folder(path)
        if entry is not None:
            return entry.open(path, name)
        _check_folder(path)
        return _open_folder(path, name)
    if path.lower().endswith(LIST_SUFFIXES) and not is_remote(path):
        listed = _open_list(path, name, masks=masks)
        if listed is not None:
            return listed
    entry = _find_format(path)
    check_ranges(path, entry)
    if entry.holds_one_sample and entry.name != "images":
        return _open_array(path, name, entry)
    return entry.open(path, name)


def split_name(spec: str) -> tuple[str, str | None]:
    """Return the path and the name of an array in `FILE::name`; a path may hold colons as well."""
    if is_remote(spec):
        path, _, name = spec.partition("::")
        return conceal(path), name or None
    path, _, name = spec.partition("::")
    if not name or _exists(spec):
        return (spec if _exists(spec) else path), None
    return path, name


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a parent folder that may not be read, or a null byte
        return False


def _check_folder(path: str) -> None:
    if find_format_by_suffix(path) is not None:
        suffix = Path(path).suffix.lower()
        raise source_error(path, f"it is a folder and not a {suffix} file; give a file inside it")
    _refuse_model(path)


def _find_format(path: str) -> FileFormat:
    by_suffix = find_format_by_suffix(path)
    if by_suffix is not None and not by_suffix.is_folder:
        return by_suffix
    _refuse_model(path)
    head = read_file_head(path)
    unread = find_unread_format(path, head)
    if unread is not None:
        raise unread
    by_head = find_format_by_head(head)
    if by_head is None:
        what = f"{describe_head(head)}, which is not an array"
        raise source_error(path, f"{what}; {describe_supported_files()}")
    return by_head


def _refuse_model(path: str) -> None:
    """Raise a `SourceError` if a model is at a path where an array is wanted."""
    from iou_doctor.sources.models.formats import is_model, missing_images_error

    if is_model(path):
        raise missing_images_error(path)


def _is_pattern(path: str) -> bool:
    """Return whether a path is not that of a file, and has wildcards."""
    has_marks = any(mark in path for mark in "*?[")
    return has_marks and (is_remote(path) or not _exists(path))


def _open_pattern(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.folders.folder import open_pattern

    return open_pattern(path, name)


def _open_list(path: str, name: str | None, *, masks: bool) -> Source | None:
    """Return the files that a text file lists; `None` if it is no such list."""
    from iou_doctor.sources.files.folders.folder import open_list
    from iou_doctor.sources.files.folders.text_list import is_list

    return open_list(path, name, masks=masks) if is_list(path) else None


def _open_array(path: str, name: str | None, entry: FileFormat) -> Source:
    from iou_doctor.sources.files.folders.folder import open_array

    return open_array(path, name, entry)


def _open_folder(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.folders.folder import open_folder

    return open_folder(path, name)
