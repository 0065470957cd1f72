"""What lies in a folder on this machine, or in a store over the network."""

from __future__ import annotations

import os
from pathlib import Path

from iou_doctor.sources.files.remote.address import is_remote


def list_folders(path: str) -> list[str]:
    """Return the names of the folders in a folder, but for links and hidden ones.

    Raises:
        OSError: it cannot be read.
        SourceError: the store does not list it.
    """
    if is_remote(path):
        from iou_doctor.sources.files.remote.store import list_folders as list_remote

        return list_remote(path)
    with os.scandir(path) as entries:
        return [
            entry.name
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        ]


def read_small_file(path: str, most: int) -> bytes | None:
    """Return the content of a file, but not much more than `most` bytes; `None` if there is none.

    Raises:
        OSError: it cannot be read.
        SourceError: the store does not give it.
    """
    if is_remote(path):
        from iou_doctor.sources.files.remote.store import find_stamp_or_none, open_object

        stamp = find_stamp_or_none(path)
        if stamp is None:
            return None
        with open_object(path) as remote:
            return remote.read(min(stamp.size, most + 1))
    file = Path(path)
    if not file.is_file():
        return None
    with file.open("rb") as stream:
        return stream.read(min(file.stat().st_size, most + 1))
