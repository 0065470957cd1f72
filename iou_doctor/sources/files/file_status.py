"""What can be wrong with a file before its format matters."""

from __future__ import annotations

import difflib
import os
import stat
from itertools import islice
from pathlib import Path

from iou_doctor.errors import SourceError
from iou_doctor.sources.refusals import refusal, refusing

_HEAD_BYTES = 8  # the longest magic, HDF5's
_MOST_NEIGHBOURS = 10_000  # file names looked at for a similar one


def file_status(path: str) -> os.stat_result:
    """Return the status of whatever is at `path`.

    Raises:
        SourceError: nothing is there, or it cannot be reached.
    """
    if not path:
        raise refusal(path, "the path is empty; give a file or a folder")
    # ValueError: a name with a null byte in it
    with refusing(path, OSError, ValueError, why="check the path and its permissions"):
        try:
            return Path(path).stat()
        except FileNotFoundError as error:
            raise _missing(path) from error


def file_size(path: str) -> int:
    """Return the size of the regular, non-empty file at `path`.

    Raises:
        SourceError: it is something else, empty, or not there.
    """
    status = file_status(path)
    if stat.S_ISDIR(status.st_mode):
        raise refusal(path, "it is a folder; give a file, or a folder of images")
    if not stat.S_ISREG(status.st_mode):
        raise refusal(path, "it is a pipe or a device; save the array to a file first")
    if status.st_size == 0:
        raise refusal(path, "the file is empty (0 bytes); save the array again")
    return status.st_size


def file_head(path: str) -> bytes:
    """Return the first bytes of the regular, non-empty file at `path`.

    Raises:
        SourceError: it is something else, empty, not there, or may not be read.
    """
    file_size(path)
    why = "check that you may read the file"
    with refusing(path, OSError, why=why), Path(path).open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _missing(path: str) -> SourceError:
    folder = Path(path).parent
    if not folder.is_dir():
        return refusal(path, f"there is no folder `{folder}`; check the path")
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NEIGHBOURS)]
    except OSError:
        names = []  # the suggestion is a courtesy
    similar = difflib.get_close_matches(Path(path).name, names, n=1)
    hint = f"did you mean `{folder / similar[0]}`?" if similar else "check the path"
    return refusal(path, f"there is no such file; {hint}")
