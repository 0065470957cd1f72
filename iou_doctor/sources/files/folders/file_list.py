"""Lists the files that a folder or a pattern stands for, in the natural order of their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from iou_doctor.record import record
from iou_doctor.safety.file_patterns import expand_pattern, find_root
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.formats import FileFormat, check_ranges, find_format_by_suffix
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.files.suggested_patterns import join_patterns, write_suffix_pattern
from iou_doctor.sources.files.unread_types import find_unread_in_folder
from iou_doctor.sources.source_errors import source_error, translate_errors

_MOST_FILES = 2_000_000
"""The maximum number of files to list."""
_DEEPEST = 64
"""The maximum number of folders within one another."""
_NUMBER = re.compile(r"([0-9]+)")


@record
class ListedFile:
    """A file of a folder."""

    file: str
    """Its path."""
    name: str
    """Its path within the folder, with `/` between folders, without the suffix."""


@record
class FileList:
    """The files of a folder or a pattern that are of one format."""

    format: FileFormat
    files: tuple[ListedFile, ...]
    left_out: tuple[str, ...] = ()
    """The suffixes of files of other formats, which are fewer, and the names, with `/`, of
    subfolders that were not read because files lie beside them."""


def list_folder(path: str) -> FileList:
    """Return the files of a folder, or of its subfolders if it has none itself.

    Raises:
        SourceError: there are none, as many of one format as of another, or two of one name.
    """
    unread: set[str] = set()
    found = _list_remote(path, path) if is_remote(path) else list(_walk(path, "", set(), unread))
    if not found:
        raise find_unread_in_folder(path)
    files = _choose_format(path, found)
    return replace(files, left_out=(*files.left_out, *sorted(unread)))


def list_pattern(path: str) -> FileList:
    """Return the files that a pattern like `masks/**/*_gt.png` matches.

    Raises:
        SourceError: there are none, they are of several formats, or two have one name.
    """
    root = find_root(path)
    if is_remote(path):
        return _choose_format(path, _list_remote(path, root, is_pattern=True))
    why = "check the pattern"
    with translate_errors(path, OSError, ValueError, RecursionError, re.error, why=why):
        matches = expand_pattern(path)
    found: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()
    for match in matches:
        name = os.path.relpath(match, root).replace(os.sep, "/")
        entry = find_format_by_suffix(match)
        if os.path.isfile(match) or (  # noqa: PTH113 - a Path is too slow for 100,000 names
            entry is not None and entry.is_folder
        ):
            found.append((match, name))
        elif os.path.isdir(match) and not path.endswith("**"):  # noqa: PTH112
            found += _walk(match, "" if name == "." else f"{name}/", seen, set())
    if not found:
        raise source_error(path, "no file matches the pattern; check it, or give the folder")
    return _choose_format(path, found)


def _list_remote(path: str, root: str, *, is_pattern: bool = False) -> list[tuple[str, str]]:
    """Return the address and the name of each object below a folder, or that a pattern matches."""
    from iou_doctor.sources.files.remote.store import list_objects

    files = list_objects(path, is_pattern=is_pattern)
    found = [(file, file[len(root) :].lstrip("/")) for file in files]
    arrays = [(file, name) for file, name in found if find_format_by_suffix(name) is not None]
    if not arrays:
        raise source_error(path, "there are no images or arrays; check the address")
    return arrays


def sort_naturally(names: Iterable[str]) -> list[str]:
    """Return names in the order in which people count: 1, 2, 10."""
    return sorted(names, key=make_natural_key)


def make_natural_key(name: str) -> tuple[list[str | int], str]:
    """Return what sorts a name by its numbers; names that differ in zeros only sort as text."""
    parts: list[str | int] = list(_NUMBER.split(name))
    parts[1::2] = [int(number) for number in parts[1::2]]
    return parts, name


def _walk(
    path: str, prefix: str, seen: set[tuple[int, int]], unread: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield the path and the name of each file; subfolders only if a folder has no files itself.

    Args:
        path: the folder.
        prefix: what goes before the names of its files.
        seen: the folders that were visited.
        unread: takes the names of subfolders with arrays that are left out.
    """
    with translate_errors(path, OSError, why="check that you may read the folder"):
        status = os.stat(path)  # noqa: PTH116
        if (status.st_dev, status.st_ino) in seen:
            return  # a link leads back
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(path) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
        files = [entry for entry in entries if _is_array(entry)]
        folders = [entry for entry in entries if entry.is_dir()]
    if prefix.count("/") > _DEEPEST:
        raise source_error(path, f"it lies more than {_DEEPEST} folders deep; give a folder in it")
    if len(seen) > _MOST_FILES:
        raise source_error(path, f"there are more than {_MOST_FILES:,} folders; name one of them")
    for entry in files:
        yield entry.path, f"{prefix}{entry.name}"
    if files:
        unread.update(f"{one.name}/" for one in folders if not _is_array(one) and _has_array(one))
        return
    for entry in sorted(folders, key=lambda folder: folder.name):
        yield from _walk(entry.path, f"{prefix}{entry.name}/", seen, unread)


def _has_array(folder: os.DirEntry[str]) -> bool:
    with suppress(OSError), os.scandir(folder.path) as found:
        return any(_is_array(entry) for entry in found if not entry.name.startswith("."))
    return False


def _is_array(entry: os.DirEntry[str]) -> bool:
    entry_format = find_format_by_suffix(entry.name)
    if entry_format is None:
        return False
    return entry.is_dir() if entry_format.is_folder else entry.is_file()


def _choose_format(path: str, found: Sequence[tuple[str, str]]) -> FileList:
    """Return the files of the most frequent format."""
    by_format: dict[str, list[tuple[str, str]]] = {}
    for file, name in found:
        entry = find_format_by_suffix(file)
        if entry is not None:
            by_format.setdefault(entry.name, []).append((file, name))
    if not by_format:
        raise source_error(path, "none of the files is an image or an array; check the pattern")
    ranked = sorted(by_format.values(), key=lambda files: (-len(files), get_suffix(files[0][0])))
    suffixes = [get_suffix(files[0][0]) for files in ranked]
    if len(ranked) > 1 and len(ranked[0]) == len(ranked[1]):
        patterns = [write_suffix_pattern(path, suffix) for suffix in suffixes[:2]]
        raise source_error(
            path,
            f"it holds as many {suffixes[0]} as {suffixes[1]} files ({len(ranked[0]):,}); name one"
            f" kind with a pattern: {join_patterns(patterns)}",
        )
    chosen = find_format_by_suffix(ranked[0][0][0])
    assert chosen is not None
    check_ranges(path, chosen)
    return FileList(chosen, _name_files(path, ranked[0]), tuple(suffixes[1:]))


def _name_files(path: str, found: Iterable[tuple[str, str]]) -> tuple[ListedFile, ...]:
    """Return the files sorted by their names without the suffix."""
    by_name: dict[str, str] = {}
    files: dict[str, str] = {}
    for file, name in sorted(found, key=lambda pair: pair[1]):
        stem = name[: len(name) - len(get_suffix(name))]
        if stem in by_name:
            raise source_error(
                path,
                f"`{by_name[stem]}` and `{name}` differ only in their suffix; keep one of them, or"
                f" name one kind with a pattern: {write_suffix_pattern(path, get_suffix(name))}",
            )
        by_name[stem], files[stem] = name, file
    return tuple(ListedFile(files[stem], stem) for stem in sort_naturally(files))
