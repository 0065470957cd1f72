"""Patterns like `masks/**/*.png`: where they begin, and which files match if links lead back."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator

_WILDCARDS = re.compile(r"[*?\[]")
_ANY_DEPTH = re.compile(r"(?:(?<=/)|^)(?:\*\*/)+")


def find_root(pattern: str) -> str:
    """Return the folder in front of the first wildcard of a pattern."""
    before = _WILDCARDS.split(pattern, maxsplit=1)[0]
    return os.path.dirname(before) or "."  # noqa: PTH120


def get_folder(path: str) -> str:
    """Return a folder as it is, or that of a pattern."""
    return find_root(path) if _WILDCARDS.search(path) and not os.path.isdir(path) else path  # noqa: PTH112


def expand_pattern(pattern: str) -> list[str]:
    """Return the paths that a pattern matches, each folder once: links may lead back.

    Raises:
        OSError: a path is too long.
    """
    if pattern == "**" or pattern.endswith("/**"):
        pattern += "/*"
    before, *after = _ANY_DEPTH.split(pattern, maxsplit=1)
    if not after:
        return glob.glob(pattern)  # noqa: PTH207 - the root may be anywhere
    roots = expand_pattern(before.rstrip("/") or "/") if before else [""]
    folders = (folder for root in roots for folder in _list_folders(root))
    return list(dict.fromkeys(file for one in folders for file in expand_pattern(one + after[0])))


def _list_folders(root: str) -> Iterator[str]:
    """Yield a folder and all below it, with `/` behind each, wildcards in their names escaped."""
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            status = os.stat(path or ".")  # noqa: PTH116
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path or ".") as found:
                names = [one.name for one in found if one.name[0] != "." and one.is_dir()]
        except OSError:  # no folder, or one that may not be read
            continue
        prefix = f"{path.rstrip('/')}/" if path else ""
        yield glob.escape(prefix)
        waiting += [prefix + name for name in sorted(names, reverse=True)]
