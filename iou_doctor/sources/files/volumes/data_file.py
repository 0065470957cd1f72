"""The file beside a header that holds its voxels."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from iou_doctor.errors import SourceError
from iou_doctor.sources.files.file_status import get_file_size
from iou_doctor.sources.source_errors import source_error, translate_errors


def locate_data_file(path: str, name: str) -> str:
    """Return the path of the file that a header names for its voxels.

    A header may come from anybody, so it cannot name a file outside its own folder.

    Args:
        path: the header.
        name: what it says.

    Raises:
        SourceError: the file is not beside or below the header, or it is missing or empty.
    """
    if name.upper().startswith("LIST") or "%" in name:
        raise several_files_error(path)
    parts = (*PurePosixPath(name).parts, *PureWindowsPath(name).parts)
    rooted = PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor
    folder = Path(path).parent
    file = folder / name
    with translate_errors(path, OSError, ValueError, RuntimeError, why="save it as one file"):
        is_inside = file.resolve().is_relative_to(folder.resolve())
    if rooted or ".." in parts or not is_inside:
        raise source_error(
            path, f"its voxels are in `{name}`, outside its folder; move that file beside it"
        )
    get_file_size(str(file))
    return str(file)


def several_files_error(path: str) -> SourceError:
    """Return the error about a header that names a file for each slice."""
    return source_error(path, "its voxels are in several files; save it as one volume")
