"""The files that patterns like `masks/**/*.png` match, where links may lead back."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator

_REPEATED = re.compile(r"(?:\*\*/)+")


def expand_pattern(pattern: str) -> list[str]:
    """Return the paths that a pattern matches, each folder once: links may lead back.

    Raises:
        OSError: a path is too long.
    """
    pattern = _REPEATED.sub("**/", pattern)
    if pattern.endswith("**"):
        pattern += "/*"
    before, mark, after = pattern.partition("**/")
    if not mark or (before and not before.endswith("/")):
        return glob.glob(pattern, recursive=True)  # noqa: PTH207 - the root may be anywhere
    roots = expand_pattern(before.rstrip("/") or "/") if before else [""]
    folders = (folder for root in roots for folder in _list_folders(root, set()))
    return list(dict.fromkeys(file for one in folders for file in expand_pattern(one + after)))


def _list_folders(path: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Yield a folder and all below it, with `/` behind each, wildcards in their names escaped."""
    try:
        status = os.stat(path or ".")  # noqa: PTH116
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(path or ".") as found:
            names = [one.name for one in found if one.name[0] != "." and one.is_dir()]
    except OSError:  # no folder, or one that may not be read
        return
    prefix = f"{path.rstrip('/')}/" if path else ""
    yield glob.escape(prefix)
    for name in sorted(names):
        yield from _list_folders(prefix + name, seen)
