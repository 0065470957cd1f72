"""The files that a text file lists, which are read like those on the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LIST_SUFFIXES = (".txt", ".csv", ".tsv", ".lst")
"""The suffixes of lists, in lower case."""
LARGEST_LIST = 1 << 28
"""The maximum size of a list in bytes."""
_LONGEST_LINE = 1 << 16
"""The number of characters after which a line is cut. No two paths are as long."""
_SEPARATORS = ("\t", ";", ",")
_QUOTES = "\"' "


def read_rows(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the entries of each line of a list; an empty line and a comment have none.

    Entries are separated by tabs, semicolons or commas, or else by spaces.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    with path.open(encoding="utf-8-sig") as lines:
        while line := lines.readline(_LONGEST_LINE):
            yield _split_line(line)


def _split_line(line: str) -> tuple[str, ...]:
    line = line.strip()
    if not line or line.startswith("#"):
        return ()
    separator = next((mark for mark in _SEPARATORS if mark in line), None)
    entries = line.split(separator)
    return tuple(entry.strip(_QUOTES) for entry in entries)


def list_files_in(path: Path) -> Iterator[str]:
    """Yield the existing files that a text file lists, in its folder and as they are named.

    A list is read up to a line, not its first, that names no file: nobody reads it as a list.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    if path.suffix.lower() not in LIST_SUFFIXES or not path.is_file():
        return
    if path.stat().st_size > LARGEST_LIST:
        return
    for number, row in enumerate(filter(None, read_rows(path))):
        # an entry without a suffix is a word of a table
        entries = [entry for entry in row if "." in entry.strip(".")]
        places = [os.path.join(path.parent, entry) for entry in entries]  # noqa: PTH118
        found = [place for place in (*places, *entries) if os.path.exists(place)]  # noqa: PTH110
        if number and not found:
            return
        yield from dict.fromkeys(found)
