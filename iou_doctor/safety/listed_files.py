"""The files that a text file lists, which are read like those on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

LIST_SUFFIXES = (".txt", ".csv", ".tsv", ".lst")
"""The suffixes of lists, in lower case."""
_SEPARATORS = ("\t", ";", ",")
_QUOTES = "\"' "


def split_line(line: str) -> tuple[str, ...]:
    """Return the entries of a line; none for an empty one and for a comment.

    Entries are separated by tabs, semicolons or commas, or else by spaces.
    """
    line = line.strip()
    if not line or line.startswith("#"):
        return ()
    separator = next((mark for mark in _SEPARATORS if mark in line), None)
    entries = line.split(separator)
    return tuple(entry.strip(_QUOTES) for entry in entries)


def list_files_in(path: Path) -> Iterator[Path]:
    """Yield what a text file may list, each entry in its folder and as it is.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    if path.suffix.lower() not in LIST_SUFFIXES or not path.is_file():
        return
    with path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            for entry in split_line(line):
                yield path.parent / entry
                yield Path(entry)
