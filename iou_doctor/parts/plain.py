"""Records as plain values for JSON and back, by the types of their fields.

Only the types that are named here, and records of them, can be read. Nothing is called but their
constructors.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from iou_doctor.counts.label_changes import LabelChanges
from iou_doctor.repairs import table
from iou_doctor.repairs.step import Step

NUMBERS: Mapping[type, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (float, int),
    str: (str,),
    NoneType: (NoneType,),
}
"""The types in JSON that a field of a plain type takes. A boolean is no number."""
MOST_SHOWN = 80
"""Characters of a value in a message."""
LAZY = {"LabelChanges": LabelChanges}
"""Types of fields that their modules import for type checkers only."""


class NotPlainError(ValueError):
    """Values are not those of a record."""


def shorten(value: object) -> str:
    """Return what a message says of a value that does not fit."""
    shown = reprlib.repr(value)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}..."


def to_plain(value: object) -> Any:
    """Return a record, or a field of one, as plain values for `json.dumps`."""
    if isinstance(value, Step):
        return table.to_json(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value.value if isinstance(value, StrEnum) else value


def from_plain(kind: Any, value: Any) -> Any:
    """Return the value of a type that `to_plain` turned into plain values.

    Raises:
        NotPlainError: the values are not those of this type.
    """
    if kind in NUMBERS:
        if type(value) not in NUMBERS[kind] or (kind is int and not -(2**63) <= value < 2**63):
            raise NotPlainError(f"{shorten(value)} is no {kind.__name__}")
        return float(value) if kind is float else value
    origin = get_origin(kind)
    if origin is Literal:
        if value not in get_args(kind):
            raise NotPlainError(
                f"{shorten(value)} is none of {', '.join(map(str, get_args(kind)))}"
            )
        return value
    if origin in (Union, UnionType):
        return _read_union(kind, value)
    if origin is tuple:
        return _read_tuple(get_args(kind), _expect(list, value))
    if origin is not None:
        key_kind, item_kind = get_args(kind)
        return _read_mapping(key_kind, item_kind, _expect(dict, value))
    return _read_class(kind, value)


def _read_mapping(key_kind: Any, kind: Any, values: dict[str, Any]) -> dict[Any, Any]:
    try:
        keys = [key_kind(key) for key in values]
    except ValueError as error:
        raise NotPlainError(f"a key of {shorten(values)} is no {key_kind.__name__}") from error
    return dict(zip(keys, (from_plain(kind, item) for item in values.values()), strict=True))


def _read_tuple(kinds: tuple[Any, ...], values: list[Any]) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(from_plain(kinds[0], value) for value in values)
    if len(kinds) != len(values):
        raise NotPlainError(f"{shorten(values)} has not {len(kinds)} entries")
    return tuple(from_plain(kind, value) for kind, value in zip(kinds, values, strict=True))


def _read_union(kind: Any, value: Any) -> Any:
    for each in get_args(kind):
        try:
            return from_plain(each, value)
        except NotPlainError:
            continue
    raise NotPlainError(f"{shorten(value)} is no {kind}")


def _read_class(kind: Any, value: Any) -> Any:
    if issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError as error:
            raise NotPlainError(str(error)) from error
    given = _expect(dict, value)
    if kind is Step:
        name = given.get("kind")
        if not isinstance(name, str) or name not in table.STEPS:
            raise NotPlainError(f"{shorten(name)} is no kind of repair")
        kind = table.STEPS[name]
        given = {**table.ADDED_FIELDS.get(name, {}), **given}
        del given["kind"]
    hints = _find_types(kind)
    if set(hints) != set(given):
        raise NotPlainError(f"the fields of {kind.__name__} are {', '.join(hints)}")
    return kind(**{name: from_plain(hint, given[name]) for name, hint in hints.items()})


@cache
def _find_types(kind: type) -> dict[str, Any]:
    """Return the type of each field of a record."""
    if not is_dataclass(kind):
        raise NotPlainError(f"{kind.__name__} is no record")
    hints = get_type_hints(kind, localns=LAZY)
    return {each.name: hints[each.name] for each in fields(kind)}


def _expect(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise NotPlainError(f"{shorten(value)} is no {kind.__name__}")
    return value
