"""What a configuration file says: checked key by key, its paths made ours."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from iou_doctor.config.find_file import from_here
from iou_doctor.config.settings import (
    CheckSettings,
    Configuration,
    Expected,
    NamedCheck,
    Settings,
    key_of,
)
from iou_doctor.errors import UsageError

Level = TypeVar("Level", bound=CheckSettings)

NAME = re.compile(r"[\w.-]+")
"""What may stand in a file's name: `--report sarif={name}.sarif`."""


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


def configuration(path: Path, table: Any) -> Configuration:
    """Return what a file's table says, checked key by key, with its paths as seen from here.

    Raises:
        UsageError: the file says what no option means.
    """
    import json

    from pydantic import TypeAdapter, ValidationError

    shown = from_here(path)
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
        key: from_here(folder / value)
        for key in ("predictions", "masks", "images", "baseline")
        if (value := getattr(level, key, None)) is not None
    }
    if isinstance(level, Settings) and level.reports is not None:
        paths["reports"] = [_report(entry, folder) for entry in level.reports]
    return replace(level, **paths)


def _report(entry: str, folder: Path) -> str:
    form, equals, file = entry.partition("=")
    return f"{form}={from_here(folder / file)}" if equals and file else entry
