"""Decide whether a path may be written: nothing that a run reads is ever changed.

Every output of every command asks `describe_conflict`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from iou_doctor.record import record
from iou_doctor.safety.detached_headers import HEADER_SUFFIXES, find_data_file_of
from iou_doctor.safety.listed_files import list_files_in


@record
class ProtectedPath:
    """A file that a run reads, or a folder whose files it reads."""

    path: Path
    role: str
    """What it is to the run, for messages: `an input`, `the baseline`."""


def protect_inputs(specs: Iterable[str]) -> tuple[ProtectedPath, ...]:
    """Return the files and folders behind the arguments that name arrays.

    Args:
        specs: paths and patterns, also `FILE::name` for one of several arrays in a file. `::` may
            be part of a path as well, so every file that the text may mean is protected.
    """
    paths = []
    for spec in specs:
        words = spec.split("::")
        paths += ["::".join(words[:count]) for count in range(1, len(words) + 1)]
    paths += [match for path in paths for match in _expand_pattern(path)]
    files = [Path(path) for path in paths if path]
    files += [weights for file in files for weights in _list_weights(file)]
    files += [voxels for file in files for voxels in list_voxels(file)]
    return tuple(ProtectedPath(file, "an input") for file in files)


def _expand_pattern(path: str) -> list[str]:
    """Return what a pattern like `masks/*.png` matches."""
    if not any(mark in path for mark in "*?["):
        return []
    from iou_doctor.safety.file_patterns import expand_pattern  # not in most runs

    with suppress(OSError, ValueError, RecursionError):
        return expand_pattern(path)
    return []


def list_voxels(header: Path) -> list[Path]:
    """Return the file that the header of a volume names for its voxels, if it is one."""
    with suppress(OSError, ValueError):
        found = find_data_file_of(header)
        return [] if found is None else [found]
    return []


def _list_weights(model: Path) -> list[Path]:
    """Return the files beside an ONNX model that hold its weights: `NAME.onnx.data`, `_data`."""
    if model.suffix.lower() != ".onnx":
        return []
    with suppress(OSError, ValueError):
        return [file for file in model.parent.iterdir() if file.name.startswith(model.name)]
    return []


def describe_conflict(target: Path, protected: Iterable[ProtectedPath]) -> str | None:
    """Return in words which protected file a write to `target` would change, or `None`.

    Links of both kinds are followed: a target may be another name of a file in a protected folder.
    What a protected list of files lists is protected as well.

    Args:
        target: the file or folder to write, which need not exist.
        protected: what the run reads.

    Raises:
        OSError: the target cannot be resolved, for instance because of a loop of links.
    """
    own, above = _identify(target), {_identify(one) for one in _resolve(target).parents} - {None}
    for entry in protected:
        for path in _list_paths(entry.path):
            found = _identify(path)
            if found is not None and found == own:
                return f"this file is {entry.role}, which is never changed"
            if found in above or (own and found and found.is_folder and _has_name_of(own, path)):
                return f"it is a file in `{path}`, {entry.role}, which is never changed"
            if own and own.is_folder and _lies_within(path, own):
                return f"`{path}`, {entry.role}, lies in it and is never changed"
    return None


def _list_paths(path: Path) -> Iterator[str]:
    """Yield a path, and what is read with it if it is a list: there may be millions."""
    yield os.fspath(path)
    with suppress(OSError, ValueError):
        for listed in list_files_in(path):
            yield listed
            if listed.lower().endswith((".onnx", *HEADER_SUFFIXES)):
                beside = _list_weights(Path(listed)) + list_voxels(Path(listed))
                yield from map(os.fspath, beside)


class _Identity(NamedTuple):
    """What all names of a file or a folder have in common."""

    device: int
    number: int
    is_folder: bool


def _identify(path: str | Path) -> _Identity | None:
    """Return what is at a path, links followed; `None` if nothing is."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path is slow for many files
    except (OSError, ValueError):  # a missing file, or a NUL in a name
        return None
    return _Identity(status.st_dev, status.st_ino, stat.S_ISDIR(status.st_mode))


def _lies_within(path: str, folder: _Identity) -> bool:
    """Return whether a path leads into a folder or one below it."""
    return any(_identify(parent) == folder for parent in _resolve(Path(path)).parents)


def _resolve(path: Path) -> Path:
    try:
        return path.resolve()
    except (RuntimeError, ValueError):  # a loop of links before Python 3.13, a NUL in a name
        return path


def _has_name_of(file: _Identity, folder: str) -> bool:
    """Return whether an existing file is linked into a folder, or one below it."""
    return any(
        (entry.is_symlink() or entry.inode() == file.number) and _identify(entry.path) == file
        for entry in _iterate_files(folder)
    )


def _iterate_files(folder: str) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder and below, each folder once although links may form a circle."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        with suppress(OSError, ValueError):  # it is no folder, or it may not be read
            place = waiting.pop()
            status = os.stat(place)  # noqa: PTH116 - a Path is slow for many folders
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir():
                        waiting.append(entry.path)
                    else:
                        yield entry
