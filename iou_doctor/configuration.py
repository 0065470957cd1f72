"""The configuration file: the nearest one, read, checked key by key, its paths made ours."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from iou_doctor.errors import UsageError
from iou_doctor.settings import (
    CheckSettings,
    Configuration,
    Expected,
    NamedCheck,
    Settings,
    key_of,
)

Level = TypeVar("Level", bound=CheckSettings)

OWN_FILE = "iou-doctor.toml"
PROJECT_FILE = "pyproject.toml"
TABLE = ("tool", "iou-doctor")
NAME = re.compile(r"[\w.-]+")
"""What may stand in a file's name: `--report sarif={name}.sarif`."""


def load_configuration(file: str | None = None) -> Configuration | None:
    """Return the configuration in `file`, else the nearest one upward; `None` without one.

    Of two files in one folder `iou-doctor.toml` is taken.

    Raises:
        UsageError: the file cannot be read, is no TOML, or says what no option means.
    """
    if file is not None:
        path = Path(file)
        table = _table(path)
        if table is None:
            raise UsageError(f"--config {file}: it has no table [tool.iou-doctor]")
        return _configuration(path, table)
    here = Path.cwd()
    for folder in (here, *here.parents):
        for path in (folder / OWN_FILE, folder / PROJECT_FILE):
            if path.is_file() and (table := _table(path)) is not None:
                return _configuration(path, table)
    return None


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of `iou-doctor.toml` and of `[tool.iou-doctor]`."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Settings).json_schema(by_alias=True)
    shared = TypeAdapter(CheckSettings).json_schema(by_alias=True)["properties"]
    for table in (schema, *schema["$defs"].values()):
        for key, entry in table["properties"].items():  # pydantic loses inherited docstrings
            entry.update(shared.get(key, {}))
            entry.pop("title", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _table(path: Path) -> Any:
    """Return our table of a file; `None` where a project's file has none."""
    shown = _from_here(path)
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


def _configuration(path: Path, table: Any) -> Configuration:
    import json

    from pydantic import TypeAdapter, ValidationError

    shown = _from_here(path)
    try:
        # as JSON, because strict validation of Python objects wants dataclasses, not tables
        text = json.dumps(table, default=str)
        settings = TypeAdapter(Settings).validate_json(text)
    except ValidationError as error:
        raise UsageError(f"{shown}: {_complaint(error.errors())}") from error
    _check_names(shown, [entry.name for entry in settings.check or ()])
    checks = [_resolved(entry, path.parent) for entry in settings.check or ()]
    return Configuration(shown, replace(_resolved(settings, path.parent), check=checks))


def _complaint(errors: Sequence[Any]) -> str:
    """Return the first error in words, unknown keys first: the others may come from them."""
    error = min(errors, key=lambda one: one["type"] != "unexpected_keyword_argument")
    *parents, key = error["loc"] or ("the configuration",)
    where = f"`{_path((*parents, key))}`"
    if error["type"] == "unexpected_keyword_argument":
        near = difflib.get_close_matches(str(key), _keys(parents), n=1, cutoff=0.4)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(_keys(parents))}"
        return f"there is no key {where}; {hint}"
    if error["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {error['msg'].replace('Input should', 'the value should')}"


def _path(location: Sequence[str | int]) -> str:
    """Return the way to a key, checks counted from 1: `check 2, masks`."""
    words = [f" {part + 1}, " if isinstance(part, int) else f"{part}." for part in location]
    return "".join(words).replace(". ", " ").rstrip("., ")


def _keys(parents: Sequence[str | int]) -> list[str]:
    level: type[Any] = Settings
    if parents and parents[-1] == "expect":
        level = Expected
    elif parents:
        level = NamedCheck
    return [key_of(field.name) for field in fields(level)]


def _check_names(shown: str, names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{shown}: check {index + 1} is named {name!r}; use letters, digits, . _ and -"
            )
        if name in names[:index]:
            raise UsageError(f"{shown}: two checks are named {name!r}; names tell them apart")


def _resolved(level: Level, folder: Path) -> Level:
    """Return settings with the paths of the file as seen from the working directory."""
    paths: dict[str, Any] = {
        key: _from_here(folder / value)
        for key in ("predictions", "masks", "images", "baseline")
        if (value := getattr(level, key, None)) is not None
    }
    if isinstance(level, Settings) and level.reports is not None:
        paths["reports"] = [_report(entry, folder) for entry in level.reports]
    return replace(level, **paths)


def _report(entry: str, folder: Path) -> str:
    form, equals, file = entry.partition("=")
    return f"{form}={_from_here(folder / file)}" if equals and file else entry


def _from_here(path: Path) -> str:
    """Return a path as one would type it here; absolute where it was written so."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive of Windows
        return str(path)
