"""Which configuration file counts, and its table: no more, for most checks find none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from iou_doctor.errors import UsageError

OWN_FILE = "iou-doctor.toml"
PROJECT_FILE = "pyproject.toml"
TABLE = ("tool", "iou-doctor")


def nearest_table(file: str | None = None) -> tuple[Path, Any] | None:
    """Return the path and the table of `file`, else of the nearest one upward; `None` without one.

    Of two files in one folder `iou-doctor.toml` is taken.

    Raises:
        UsageError: the file cannot be read, or is no TOML.
    """
    if file is not None:
        path = Path(file)
        table = _table(path)
        if table is None:
            raise UsageError(f"--config {file}: it has no table [tool.iou-doctor]")
        return path, table
    here = Path.cwd()
    for folder in (here, *here.parents):
        for path in (folder / OWN_FILE, folder / PROJECT_FILE):
            if path.is_file() and (table := _table(path)) is not None:
                return path, table
    return None


def _table(path: Path) -> Any:
    """Return our table of a file; `None` where a project's file has none."""
    import tomllib  # most checks find no file

    shown = from_here(path)
    try:
        document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown} is no TOML: it is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{shown} is no TOML: {error}; --no-config does without it") from error
    if path.name == PROJECT_FILE:
        for key in TABLE:
            document = document.get(key) if isinstance(document, dict) else None
    return document


def from_here(path: Path) -> str:
    """Return a path as one would type it here; absolute where it was written so."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive of Windows
        return str(path)
