"""Find the configuration file that applies, and read its table.

This module imports as little as possible, because most checks find no file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from iou_doctor.errors import UsageError
from iou_doctor.safety.text_files import read_text

OWN_FILE = "iou-doctor.toml"
PROJECT_FILE = "pyproject.toml"
MOST_BYTES = 1 << 20
"""The maximum size of a configuration file in bytes."""
MOST_PARTS = 200
"""The maximum number of parts of a dotted key. tomllib takes gigabytes for thousands of them."""
TABLE = ("tool", "iou-doctor")
"""The keys that lead to our table in `pyproject.toml`."""
_START = r"""tool["']?\s*(?:\.\s*["']?iou-doctor|[]=])"""
"""What our table begins with, however it is written: as one table, or inside of a table `tool`."""


def find_table(file: str | None = None) -> tuple[Path, object] | None:
    """Find the configuration and return its path and its table as TOML has it.

    Without `file`, the working directory and the folders above it are searched. If a folder has
    both kinds of files, `iou-doctor.toml` is taken. A `pyproject.toml` without our table is passed
    over.

    Args:
        file: the file to read in place of the nearest one.

    Returns:
        The path and the table, or `None` if there is no configuration.

    Raises:
        UsageError: the file cannot be read, is not valid TOML, or is named and has no table.
    """
    if file is not None:
        path = Path(file)
        table = _read_table(path)
        if table is None:
            raise UsageError(f"--config {file}: the file has no table [tool.iou-doctor]")
        return path, table
    try:
        here = Path.cwd()
    except OSError:  # the working directory has been removed
        return None
    for folder in (here, *here.parents):
        for path in (folder / OWN_FILE, folder / PROJECT_FILE):
            # unlike Path, os.path does not mind folders that may not be searched
            is_there = os.path.isfile(path)  # noqa: PTH113
            if is_there and (table := _read_table(path)) is not None:
                return path, table
    return None


def _read_table(path: Path) -> object:
    """Return our table of a file; `None` if it is a `pyproject.toml` without one."""
    name = make_relative(path)
    try:
        text = read_text(path, most_bytes=MOST_BYTES)
        if path.name == PROJECT_FILE and not _may_have_table(text):
            return None
        document = _parse(name, text)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not valid TOML: it is not UTF-8") from error
    except (ValueError, RecursionError) as error:  # a NUL in the path is a ValueError as well
        raise UsageError(
            f"{name} cannot be read: a number is too long, or brackets are nested too deeply"
        ) from error
    if path.name == PROJECT_FILE:
        for key in TABLE:
            document = document.get(key) if isinstance(document, dict) else None
    return document


def _may_have_table(text: str) -> bool:
    """Return whether it is worth 0.004 s to parse a `pyproject.toml`.

    Most have no table of ours. Those of projects that depend on iou-doctor only name it.
    """
    return TABLE[-1] in text and re.search(_START, text) is not None


def _parse(name: str, text: str) -> object:
    import tomllib

    if _has_long_key(text):
        raise UsageError(f"{name} cannot be read: a key has more than {MOST_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{name} is not valid TOML: {error}; --no-config ignores the file"
        ) from error


def _has_long_key(text: str) -> bool:
    """Return whether many words in a row have nothing but dots between them."""
    if all(line.count(".") < MOST_PARTS for line in text.split("\n")):
        return False
    part = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
    return re.search(rf"(?<![\w-])(?:{part}){{{MOST_PARTS}}}", text) is not None


def make_relative(path: Path) -> str:
    """Return a path relative to the working directory, as one would type it there.

    A path on another drive of Windows stays as it is; so does any if the directory is gone.
    """
    try:
        return os.path.relpath(path)
    except (ValueError, OSError):
        return str(path)
