"""Patterns to suggest: those that tell the kinds of files in a folder apart."""

from __future__ import annotations

import glob
import shlex
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

from iou_doctor.safety.file_patterns import get_folder
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.remote.address import is_remote

_MOST_KINDS = 5
"""The maximum number of patterns to name."""
_Key = Callable[[str], str | None]


def list_patterns(path: str, files: Iterable[tuple[str, Hashable]]) -> list[str]:
    """Return one pattern for each kind of files; none if their names do not tell the kinds.

    Args:
        path: the folder or the pattern that the files were found by.
        files: the path of each file, and what the files of a pattern must have in common.
    """
    listed = list(files)
    if not _has_patterns(path):
        return []
    for key in (_get_ending, _get_name, _get_folder, get_suffix):
        kinds = _group(listed, key)
        is_each_its_own = key is _get_name and len(kinds) == len(listed)
        if 2 <= len(kinds) <= _MOST_KINDS and not is_each_its_own:
            return [write_pattern(path, key, example) for example in kinds]
    return []


def list_sets(path: str, files: Sequence[str], fits: Callable[[list[str]], bool]) -> list[str]:
    """Return one pattern for each set of files that fits, of all ways to tell sets apart.

    Args:
        path: the folder that the files were found in.
        files: their paths.
        fits: returns whether the files of a set would do.
    """
    if not _has_patterns(path):
        return []
    for key in (_get_ending, _get_name, _get_folder):
        kinds = _group([(file, None) for file in files], key)
        fitting = [example for example, some in kinds.items() if fits(some)]
        if fitting and 2 <= len(kinds) <= _MOST_KINDS:
            return [write_pattern(path, key, example) for example in fitting]
    return []


def _has_patterns(path: str) -> bool:
    """Return whether files were found in a folder here or by a pattern, and not by a list."""
    return not (is_remote(path) or "::" in path or Path(path).is_file())


def write_pattern(path: str, key: _Key, example: str) -> str:
    """Return a pattern in quotes for all files whose key is `example`.

    A shell reads it as one word, and the wildcards in names stand for themselves.
    """
    root, literal = glob.escape(get_folder(path)), glob.escape(example)
    tail = {_get_ending: f"*_{literal}", _get_folder: f"{literal}/*", get_suffix: f"*{literal}"}
    return shlex.quote(f"{root}/**/{tail.get(key, literal)}")


def write_suffix_pattern(path: str, suffix: str) -> str:
    """Return a pattern in quotes for all files with a suffix."""
    return write_pattern(path, get_suffix, suffix)


def write_folder_pattern(path: str, folder: str) -> str:
    """Return a pattern in quotes for all files in subfolders of that name."""
    return write_pattern(path, _get_folder, folder)


def join_patterns(patterns: Sequence[str]) -> str:
    """Return patterns as words."""
    return f"{', '.join(patterns[:-1])} or {patterns[-1]}" if len(patterns) > 1 else patterns[0]


def _group(files: Sequence[tuple[str, Hashable]], key: _Key) -> dict[str, list[str]]:
    """Return the files by their keys; none if a key stands for several kinds."""
    kinds: dict[str, Hashable] = {}
    groups: dict[str, list[str]] = {}
    for file, kind in files:
        value = key(file)
        if value is None or kinds.setdefault(value, kind) != kind:
            return {}
        groups.setdefault(value, []).append(file)
    return dict(sorted(groups.items()))


def _get_ending(file: str) -> str | None:
    _, mark, ending = file.rpartition("/")[2].rpartition("_")
    return ending if mark else None


def _get_name(file: str) -> str:
    return file.rpartition("/")[2]


def _get_folder(file: str) -> str | None:
    return file.rpartition("/")[0].rpartition("/")[2] or None
