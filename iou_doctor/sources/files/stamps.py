"""Notice that a program changes an input while it is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress

from iou_doctor.arrays.file_stamp import FileStamp, build_stamp
from iou_doctor.arrays.source import Pair, StampedSource
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.source_errors import source_error

CHANGED = "it changed while it was read; run again"


def stamp_files(path: str) -> tuple[FileStamp, ...]:
    """Return what a file is now, or all files in a folder; nothing for what cannot be found."""
    return tuple(_stamp_files(path))


def list_file_stamps(pair: Pair) -> Iterator[FileStamp]:
    """Yield what the files of a pair were when their headers were read."""
    for source in (pair.y_true, pair.y_pred):
        if isinstance(source, StampedSource):
            yield from source.stamps


def check_unchanged(stamps: Iterable[FileStamp]) -> None:
    """Raise an error if a file is no longer what it was.

    Raises:
        SourceError: a program has written to it, or has replaced or removed it.
    """
    stamps = tuple(stamps)
    remote = [stamp for stamp in stamps if is_remote(stamp.path)]
    for stamp in stamps:
        if not is_remote(stamp.path) and not _is_unchanged(stamp):
            raise source_error(stamp.path, CHANGED)
    if remote:
        from iou_doctor.sources.files.remote.store import list_changed

        for stamp in list_changed(remote):
            raise source_error(stamp.path, CHANGED)


def _is_unchanged(stamp: FileStamp) -> bool:
    try:
        now = os.stat(stamp.path)  # noqa: PTH116 - a Path is slow for many images
    except OSError:
        return False
    return stamp.is_same(build_stamp(stamp.path, now))


def _stamp_files(path: str) -> Iterator[FileStamp]:
    if is_remote(path):
        from iou_doctor.sources.files.remote.store import find_stamp

        with suppress(SourceError):  # opening it says what is wrong
            stamp = find_stamp(path)
            if stamp is not None:
                yield stamp
        return
    with suppress(OSError, ValueError):  # opening it says what is wrong
        status = os.stat(path)  # noqa: PTH116 - a Path is slow for many files
        if not stat.S_ISDIR(status.st_mode):
            yield build_stamp(path, status)
            return
        for folder, _, names in os.walk(path):
            for name in names:
                yield from _stamp_files(f"{folder}/{name}")
