"""Finds the parts of a Keras model's file, beside its configuration, that lead to other files."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO

import h5py

from iou_doctor.safety.memory import bound_memory

WEIGHTS = re.compile(r"model(_\d+)?\.weights\.h5")
"""The members of a `.keras` file with weights: one, or several parts of it."""
MEMBERS = re.compile(r"(metadata|config|model\.weights)\.json|assets/.*")
"""The other members that Keras writes."""
_LINK, _TYPE_OF_FILE = 0o120000, 0o170000
"""The bits of a file's mode on Unix that say what it is, and their value for a symbolic link."""
_MOST_BYTES_OF_TEXT = 1 << 30
"""The memory that the texts in a file of weights may take: several times the largest ones."""
_BOMB_SIZE, _BOMB_FACTOR = 1 << 28, 100
"""What takes more bytes when it is unpacked, and is larger by more than this factor, would fill the
memory. Weights hardly get smaller when they are compressed, unless they were never trained."""


def list_unsafe_members(archive: zipfile.ZipFile) -> tuple[str, ...]:
    """Return the members of a `.keras` file that Keras would not write, and unsafe weights.

    Raises:
        OSError: the weights are damaged.
        zipfile.BadZipFile: the archive is damaged.
    """
    members = archive.infolist()
    counts = Counter(info.filename for info in members)
    found = [f"several members `{name}`" for name, count in counts.items() if count > 1]
    found += [f"the member `{info.filename}`" for info in members if not _is_usual(info)]
    if not found:
        for info in members:
            if WEIGHTS.fullmatch(info.filename):
                found += list_unsafe_weights(io.BytesIO(archive.read(info)), info.file_size)
    return tuple(sorted(found))


def _is_usual(info: zipfile.ZipInfo) -> bool:
    """Return whether Keras writes such a member."""
    name = info.filename
    leaves = ".." in PurePosixPath(name).parts or ".." in PureWindowsPath(name).parts
    is_link = (info.external_attr >> 16) & _TYPE_OF_FILE == _LINK
    is_known = bool(WEIGHTS.fullmatch(name) or MEMBERS.fullmatch(name))
    return is_known and not (leaves or is_link or _is_bomb(info.file_size, info.compress_size))


def _is_bomb(claimed: int, packed: int) -> bool:
    """Return whether so many bytes cannot be meant to be packed into so few."""
    return claimed > max(_BOMB_SIZE, _BOMB_FACTOR * packed)


def list_unsafe_weights(source: str | IO[bytes], size: int) -> tuple[str, ...]:
    """Return the objects in an HDF5 file that take values from other files, or fill the memory.

    Args:
        source: the path of the file, or its bytes.
        size: the length of the file in bytes.

    Raises:
        OSError: the file is damaged.
    """
    with h5py.File(source, "r") as file, bound_memory(_MOST_BYTES_OF_TEXT):
        return tuple(sorted(_find_unsafe_objects(file, size)))


def _find_unsafe_objects(file: h5py.File, size: int) -> Iterator[str]:
    waiting, seen, claimed = [file["/"]], set(), 0
    while waiting:
        group = waiting.pop()
        dict(group.attrs)  # Keras reads them as well, with no bound on their memory
        for name in group:
            path = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                yield f"the weights `{path}`, a link to elsewhere"
                continue
            entry = group[name]
            address = h5py.h5o.get_info(entry.id).addr
            if isinstance(entry, h5py.Group) and address not in seen:
                waiting.append(entry)
            elif isinstance(entry, h5py.Dataset):
                if _is_elsewhere(entry):
                    yield f"the weights `{path}`, which take their values from other files"
                claimed += _measure(entry)
            seen.add(address)
    if _is_bomb(claimed, size):
        yield f"weights of {claimed:,} bytes in a file of {size:,}"


def _is_elsewhere(dataset: h5py.Dataset) -> bool:
    return bool(dataset.is_virtual or dataset.id.get_create_plist().get_external_count())


def _measure(dataset: h5py.Dataset) -> int:
    """Return the bytes that reading the values takes; HDF5 unpacks a chunk as a whole."""
    values = max(math.prod(dataset.shape or ()), math.prod(dataset.chunks or ()))
    return values * int(dataset.dtype.itemsize)
