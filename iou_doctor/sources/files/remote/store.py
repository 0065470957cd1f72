"""What lies in stores over the network: objects, folders, and parts of them."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import pairwise
from typing import IO, Any

from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.files.remote.blocks import BlockFile, Blocks, start_threads
from iou_doctor.sources.files.remote.connection import (
    MissingError,
    ask_store,
    connect,
)
from iou_doctor.sources.files.remote.whole_objects import WholeObjects
from iou_doctor.sources.source_errors import source_error

_MOST_WHOLE_BYTES = 1 << 18
"""The maximum size of an object that is fetched as a whole, although only its header is wanted."""
_MOST_BLOCK_FILES = 4
"""The number of large objects of which blocks are kept."""
_MOST_OBJECTS = 2_000_000
"""The maximum number of objects to list."""
_VERSION_KEYS = ("ETag", "etag", "content_md5", "LastModified", "last_modified", "mtime", "updated")
"""What stores say about the version of an object, the most telling first."""


@record
class Found:
    """What a store says about a name."""

    size: int | None
    """In bytes; `None` if the store does not say it."""
    version: str
    """What changes with the content; empty if the store says nothing."""
    is_folder: bool


def find_object(path: str) -> Found:
    """Return what the store says about an address now.

    Raises:
        SourceError: nothing is there, or the store cannot be asked.
    """
    system, place = connect(path)
    found = ask_store(path, lambda: _get_info(system, place))
    return _describe(found)


def stamp_object(path: str) -> FileStamp:
    """Return what the object at an address is now.

    Raises:
        SourceError: it is a folder, empty or missing, or its size is not known.
    """
    return _list_known().get(path) or _keep(_stamp(path, find_object(path)))


def find_stamp_or_none(path: str) -> FileStamp | None:
    """Return what the object at an address is now; `None` if it is a folder, empty or missing.

    Raises:
        SourceError: the store cannot be asked.
    """
    try:
        return find_stamp(path)
    except MissingError:
        return None


def find_stamp(path: str) -> FileStamp | None:
    """Return what the object at an address is now; `None` for a folder.

    Raises:
        SourceError: nothing is there, or the store cannot be asked.
    """
    found = find_object(path)
    return None if found.is_folder else _keep(_stamp(path, found))


def open_object(path: str) -> io.BufferedReader | io.BytesIO:
    """Return the object at an address as a file.

    Raises:
        SourceError: there is none.
    """
    stamp = stamp_object(path)
    if stamp.size <= _MOST_WHOLE_BYTES:
        return io.BytesIO(_start_whole_objects().read(stamp))
    return io.BufferedReader(BlockFile(_find_blocks(stamp), path))


def read_object(path: str) -> bytes:
    """Return the content of the object at an address.

    Raises:
        SourceError: there is none.
    """
    return _start_whole_objects().read(stamp_object(path))


def list_objects(path: str, *, is_pattern: bool) -> list[str]:
    """Return the addresses of all objects below a folder, or those that match a pattern.

    Raises:
        SourceError: the store cannot list them.
    """
    system, place = connect(path)
    search = partial(system.glob if is_pattern else system.find, place, detail=True)
    found: dict[str, Any] = ask_store(path, search)
    if len(found) > _MOST_OBJECTS:
        raise source_error(path, f"there are more than {_MOST_OBJECTS:,} files; name fewer of them")
    inner = place if path.endswith(place) else place.partition("/")[2]
    head, container = path[: len(path) - len(inner)], place[: len(place) - len(inner)]
    stamps = []
    for name, info in sorted(found.items()):
        entry = _describe(info)
        if not entry.is_folder and entry.size:
            stamps.append(_stamp(head + name[len(container) :], entry))
    _list_known().update((stamp.path, stamp) for stamp in stamps)
    _list_following().update(pairwise(stamps))
    return [stamp.path for stamp in stamps]


def list_changed(stamps: Sequence[FileStamp]) -> Iterator[FileStamp]:
    """Yield the objects that are no longer what they were."""
    unique = list(dict.fromkeys(stamps))
    unchanged = start_threads().map(_is_unchanged, unique)
    return (stamp for stamp, is_same in zip(unique, unchanged, strict=True) if not is_same)


def list_folders(path: str) -> list[str]:
    """Return the names of the folders in a folder.

    Raises:
        SourceError: the store cannot list it.
    """
    system, place = connect(path)
    found: list[dict[str, Any]] = ask_store(path, lambda: system.ls(place, detail=True))
    names = [entry["name"] for entry in found if entry.get("type") == "directory"]
    return [name.rstrip("/").rpartition("/")[2] for name in names]


def list_sizes(path: str) -> list[int]:
    """Return the size of each object below a folder.

    Raises:
        SourceError: the store cannot list them.
    """
    return [stamp_object(address).size for address in list_objects(path, is_pattern=False)]


def _is_unchanged(stamp: FileStamp) -> bool:
    try:
        found = find_object(stamp.path)
    except SourceError:
        return False
    return (found.size, found.version) == (stamp.size, stamp.version)


def _stamp(path: str, found: Found) -> FileStamp:
    if found.is_folder:
        raise source_error(path, "it is a folder; give a file, or a folder of images")
    if found.size is None:
        raise source_error(path, "the server does not say its size; copy it here first")
    if found.size == 0:
        empty = source_error(path, "the file is empty (0 bytes); save the array again")
        raise MissingError(str(empty))
    return FileStamp(path, found.size, modified=0, inode=0, changed=0, version=found.version)


def _keep(stamp: FileStamp) -> FileStamp:
    _list_known()[stamp.path] = stamp
    return stamp


@cache
def _list_known() -> dict[str, FileStamp]:
    """Return what objects were when they were listed or opened, by their addresses."""
    return {}


@cache
def _list_following() -> dict[FileStamp, FileStamp]:
    """Return the object that follows each one in its folder."""
    return {}


@cache
def _start_whole_objects() -> WholeObjects:
    return WholeObjects(_fetch, _list_following())


@lru_cache(_MOST_BLOCK_FILES)
def _find_blocks(stamp: FileStamp) -> Blocks:
    return Blocks(partial(_fetch, stamp, streams=deque()), stamp.size)


def _fetch(
    stamp: FileStamp, start: int, stop: int, *, streams: deque[IO[bytes]] | None = None
) -> bytes:
    """Return a part of an object.

    Args:
        stamp: the object.
        start: the first byte.
        stop: the one after the last.
        streams: open files of the object that no thread uses: opening one asks the store about it.

    Raises:
        SourceError: the store does not give it, after some tries.
    """
    system, place = connect(stamp.path)
    idle: deque[IO[bytes]] = deque() if streams is None else streams

    def fetch() -> bytes:
        # without a cache, reading asks for these bytes and no others
        try:
            stream = idle.pop()  # another thread may take the last one at this moment
        except IndexError:
            stream = system.open(place, "rb", cache_type="none")
        stream.seek(start)
        content: bytes = stream.read(stop - start)
        if len(content) != stop - start:
            raise ConnectionError(f"{len(content):,} of {stop - start:,} bytes came")
        idle.append(stream)
        return content

    return ask_store(stamp.path, fetch)


def _get_info(system: Any, place: str) -> dict[str, Any]:
    system.invalidate_cache()
    info: dict[str, Any] = system.info(place)
    return info


def _describe(info: dict[str, Any]) -> Found:
    version = next((str(info[key]) for key in _VERSION_KEYS if info.get(key)), "")
    size = info.get("size")
    return Found(None if size is None else int(size), version, info.get("type") == "directory")
