"""Validate the table of a configuration file, and resolve its paths."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from iou_doctor.choices import split_slices
from iou_doctor.config.find_file import make_relative
from iou_doctor.config.settings import (
    CheckSettings,
    Configuration,
    Expected,
    NamedCheck,
    Settings,
    make_key,
)
from iou_doctor.errors import UsageError
from iou_doctor.sources.files.remote.address import is_remote

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

NAME = re.compile(r"[\w.-]+")
"""The names of checks. They can be a part of file names: `--report sarif={name}.sarif`."""


def build_json_schema() -> dict[str, object]:
    """Build the JSON Schema of `iou-doctor.toml` and of `[tool.iou-doctor]`."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Settings).json_schema(by_alias=True)
    shared = TypeAdapter(CheckSettings).json_schema(by_alias=True)["properties"]
    for table in (schema, *schema["$defs"].values()):
        for key, entry in table["properties"].items():  # pydantic loses inherited docstrings
            entry.update(shared.get(key, {}))
            entry.pop("title", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def parse_configuration(path: Path, table: object) -> Configuration:
    """Return the settings of a file, with paths relative to the working directory.

    Args:
        path: the file.
        table: its table, from `find_table`.

    Raises:
        UsageError: the table has an unknown key, lacks a key, or has a value of the wrong type.
    """
    import json

    from pydantic import ValidationError

    file = make_relative(path)
    try:
        # as JSON, because in strict mode pydantic accepts no dict in place of a dataclass
        text = json.dumps(table, default=str)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{file} cannot be read: a number is too long, or brackets are nested too deeply"
        ) from error
    try:
        settings = _get_adapter().validate_json(text)
    except ValidationError as error:
        raise UsageError(f"{file}: {_describe_error(error.errors())}") from error
    _check_names(file, [entry.name for entry in settings.check or ()])
    return Configuration(file, _resolve_settings(settings, path.parent))


@cache
def _get_adapter() -> TypeAdapter[Settings]:
    """Return what validates a table; building it takes longer than all else."""
    import pydantic

    return pydantic.TypeAdapter(Settings)


def _describe_error(errors: Sequence[ErrorDetails]) -> str:
    """Describe one of the errors; preferably an unknown key, because it may cause other errors."""
    error = min(errors, key=lambda one: one["type"] != "unexpected_keyword_argument")
    *parents, key = error["loc"] or ("the configuration",)
    where = f"`{_format_location((*parents, key))}`"
    if error["type"] == "unexpected_keyword_argument":
        keys = _list_keys(parents)
        near = difflib.get_close_matches(str(key), keys, n=1, cutoff=0.4)
        hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(keys)}"
        return f"there is no key {where}; {hint}"
    if error["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {error['msg'].replace('Input should', 'the value should')}"


def _format_location(location: Sequence[str | int]) -> str:
    """Return the way to a key in words; checks are counted from 1: `check 2, masks`."""
    words = [f" {part + 1}, " if isinstance(part, int) else f"{part}." for part in location]
    return "".join(words).replace(". ", " ").rstrip("., ")


def _list_keys(parents: Sequence[str | int]) -> list[str]:
    cls: type[Settings | Expected | NamedCheck] = Settings
    if parents and parents[-1] == "expect":
        cls = Expected
    elif parents:
        cls = NamedCheck
    return [make_key(field.name) for field in fields(cls)]


def _check_names(file: str, names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{file}: check {index + 1} is named {name!r}; use letters, digits, . _ and -"
            )
        if name in names[:index]:
            raise UsageError(f"{file}: two checks are named {name!r}; give each its own name")


def _resolve_settings(settings: Settings, folder: Path) -> Settings:
    """Return settings whose paths are relative to the working directory, not to `folder`."""
    reports = settings.reports
    return replace(
        settings,
        predictions=_resolve_optional_input(settings.predictions, folder),
        masks=_resolve_optional_input(settings.masks, folder),
        images=_resolve_optional_input(settings.images, folder),
        baseline=_resolve(settings.baseline, folder),
        slices=_resolve_slices(settings.slices, folder),
        reports=None if reports is None else [_resolve_report(entry, folder) for entry in reports],
        check=[_resolve_check(check, folder) for check in settings.check or ()],
    )


def _resolve_check(check: NamedCheck, folder: Path) -> NamedCheck:
    return replace(
        check,
        predictions=_resolve_input(check.predictions, folder),
        masks=_resolve_input(check.masks, folder),
        images=_resolve_optional_input(check.images, folder),
        baseline=_resolve(check.baseline, folder),
        slices=_resolve_slices(check.slices, folder),
    )


def _resolve_input(spec: str, folder: Path) -> str:
    return spec if is_remote(spec) else make_relative(folder / spec)


def _resolve_optional_input(spec: str | None, folder: Path) -> str | None:
    return None if spec is None else _resolve_input(spec, folder)


def _resolve(path: str | None, folder: Path) -> str | None:
    return None if path is None else make_relative(folder / path)


def _resolve_slices(slices: list[str] | None, folder: Path) -> list[str] | None:
    if slices is None:
        return None
    parts = [one.partition("@") for one in split_slices(slices)]
    return [
        f"{column}@{make_relative(folder / file)}" if at and file else f"{column}{at}{file}"
        for column, at, file in parts
    ]


def _resolve_report(entry: str, folder: Path) -> str:
    name, equals, file = entry.partition("=")
    return f"{name}={make_relative(folder / file)}" if equals and file else entry
