"""Checks that a path leads to a file that can be read, before its format matters."""

from __future__ import annotations

import difflib
import os
import stat
from io import BufferedReader, BytesIO
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from iou_doctor.arrays.file_stamp import FileStamp, build_stamp
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.source_errors import source_error, translate_errors

ReadableFile: TypeAlias = BufferedReader | BytesIO
"""A file that is opened for reading, or what came of one over the network."""
_HEAD_BYTES = 528
"""The number of bytes that identify the format: HDF5 may begin after 512 of MATLAB's."""
_MOST_NEIGHBOURS = 10_000
"""The maximum number of file names to search for a similar one: a folder may have millions."""


def get_file_status(path: str) -> os.stat_result:
    """Return the status of the file or folder at `path`.

    Raises:
        SourceError: nothing is there, or it cannot be accessed.
    """
    if not path:
        raise source_error(path, "the path is empty; give a file or a folder")
    # pathlib raises ValueError for a name with a null byte
    with translate_errors(path, OSError, ValueError, why="check the path and its permissions"):
        try:
            return Path(path).stat()
        except FileNotFoundError as error:
            raise _missing_file_error(path) from error


def is_folder(path: str) -> bool:
    """Return whether there is a folder at `path`, and no file.

    Raises:
        SourceError: nothing is there, or it cannot be accessed.
    """
    if is_remote(path):
        from iou_doctor.sources.files.remote.store import find_object

        return find_object(path).is_folder
    return stat.S_ISDIR(get_file_status(path).st_mode)


def open_file(path: str) -> ReadableFile:
    """Return the file at `path`, opened for reading.

    Raises:
        OSError: it cannot be opened.
        SourceError: it is in a store over the network, and cannot be opened.
    """
    if is_remote(path):
        from iou_doctor.sources.files.remote.store import open_object

        return open_object(path)
    return Path(path).open("rb")


def get_file_size(path: str) -> int:
    """Return the size in bytes of the regular, non-empty file at `path`.

    Raises:
        SourceError: it is something else, empty, or missing.
    """
    return stamp_file(path).size


def stamp_file(path: str) -> FileStamp:
    """Return what the regular, non-empty file at `path` is now.

    Raises:
        SourceError: it is something else, empty, or missing.
    """
    if is_remote(path):
        from iou_doctor.sources.files.remote.store import stamp_object

        return stamp_object(path)
    status = get_file_status(path)
    if stat.S_ISDIR(status.st_mode):
        raise source_error(path, "it is a folder; give a file, or a folder of images")
    if not stat.S_ISREG(status.st_mode):
        raise source_error(path, "it is a pipe or a device; save the array to a file first")
    if status.st_size == 0:
        raise source_error(path, "the file is empty (0 bytes); save the array again")
    return build_stamp(path, status)


def read_file_head(path: str) -> bytes:
    """Return the first bytes of the regular, non-empty file at `path`.

    Raises:
        SourceError: it is something else, empty, missing, or may not be read.
    """
    get_file_size(path)
    why = "check that you may read the file"
    with translate_errors(path, OSError, why=why), open_file(path) as stream:
        return stream.read(_HEAD_BYTES)


def _missing_file_error(path: str) -> SourceError:
    """Return the error for a missing file, with a similar name if there is one."""
    folder = Path(path).parent
    if not folder.is_dir():
        return source_error(path, f"there is no folder `{folder}`; check the path")
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NEIGHBOURS)]
    except OSError:
        names = []  # the message works without a suggestion
    similar = difflib.get_close_matches(Path(path).name, names, n=1)
    hint = f"did you mean `{folder / similar[0]}`?" if similar else "check the path"
    return source_error(path, f"there is no such file; {hint}")
