"""Decide whether a path may be written: nothing that a run reads is ever changed.

Every output of every command asks `describe_conflict`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from iou_doctor.record import record
from iou_doctor.safety.detached_headers import find_data_file_of
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
    files += [listed for file in files for listed in _list_entries(file)]
    files += [weights for file in files for weights in _list_weights(file)]
    files += [voxels for file in files for voxels in list_voxels(file)]
    return tuple(ProtectedPath(file, "an input") for file in files)


def _list_entries(file: Path) -> list[Path]:
    """Return the files that a text file lists, if it is one."""
    with suppress(OSError, ValueError):
        return list(list_files_in(file))
    return []


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

    Args:
        target: the file or folder to write, which need not exist.
        protected: what the run reads.

    Raises:
        OSError: the target cannot be resolved, for instance because of a loop of links.
    """
    for entry in protected:
        if _is_same(target, entry.path):
            return f"this file is {entry.role}, which is never changed"
        if _lies_within(target, entry.path) or _is_name_of_file_in(entry.path, target):
            return f"it is a file in `{entry.path}`, {entry.role}, which is never changed"
        if _lies_within(entry.path, target):
            return f"`{entry.path}`, {entry.role}, lies in it and is never changed"
    return None


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two paths lead to the same existing file or folder."""
    with suppress(OSError, ValueError):  # a missing file, or a NUL in a name
        return one.samefile(other)
    return False


def _lies_within(path: Path, folder: Path) -> bool:
    """Return whether a path leads into a folder or one below it."""
    return any(_is_same(parent, folder) for parent in _resolve(path).parents)


def _resolve(path: Path) -> Path:
    try:
        return path.resolve()
    except (RuntimeError, ValueError):  # a loop of links before Python 3.13, a NUL in a name
        return path


def _is_name_of_file_in(folder: Path, target: Path) -> bool:
    """Return whether an existing target is linked into a folder, or one below it."""
    try:
        status = target.stat()
    except (OSError, ValueError):
        return False
    return any(
        entry.inode() == status.st_ino and os.path.samestat(entry.stat(), status)
        if not entry.is_symlink()
        else _is_same(Path(entry.path), target)
        for entry in _iterate_files(folder)
    )


def _iterate_files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder and below, each folder once although links may form a circle."""
    seen: set[tuple[int, int]] = set()
    waiting = [os.fspath(folder)]
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
