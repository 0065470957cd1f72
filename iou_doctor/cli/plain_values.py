"""Take values of options that need no conversion, so that Typer does not import pydantic.

From version 0.29 on, Typer builds a pydantic schema for every option of the command that is called.
That takes 0.05 s, a third of a small check.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

MOST_DIGITS = 16
"""Longer numbers are for Typer to read."""


class PlainValues:
    """Converts the value of a parameter as Typer does, and asks Typer if it is not plain."""

    def __init__(self, param: Any) -> None:
        self._build_converter: Callable[[], Any] = param.get_runtime_param

    def get_itself(self) -> "PlainValues":
        """Return the converter, as the method of a parameter does."""
        return self

    def coerce(self, value: object, param: Any, ctx: Any) -> object:
        """Return the value in the type that the parameter declares.

        Raises:
            typer.BadParameter: Typer cannot convert the value.
        """
        if value is None:
            return () if getattr(param, "multiple", False) or param.nargs == -1 else None
        declared = param.type_descriptor
        plain = read_plain(value, declared.annotation)
        if plain is None or not _is_within(plain, declared.parameter_info):
            return self._build_converter().coerce(value, param=param, ctx=ctx)
        return plain


def take_plain_values(params: list[Any]) -> list[Any]:
    """Return the parameters of a command, which from now on convert plain values without Typer.

    Versions before 0.29 convert without pydantic, and lack the method that is replaced here.
    """
    for param in params:
        if hasattr(type(param), "get_runtime_param") and "get_runtime_param" not in vars(param):
            param.get_runtime_param = PlainValues(param).get_itself
    return params


def read_plain(value: object, kind: Any) -> object | None:
    """Return the value that Typer would make of a plain one.

    Args:
        value: what the command line has, or the default.
        kind: the type that is declared, without `None`.

    Returns:
        The value; `None` if it is for Typer to convert or to refuse.
    """
    if get_origin(kind) is list:
        if not isinstance(value, list | tuple):
            return None
        read = [read_plain(each, get_args(kind)[0]) for each in value]
        return None if None in read else read
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    if type(value) is kind:
        return value
    return _READERS[kind](value) if isinstance(value, str) and kind in _READERS else None


def _read_whole(text: str) -> int | None:
    return int(text) if _has_digits(text.removeprefix("-")) else None


def _read_number(text: str) -> float | None:
    whole, dot, decimals = text.removeprefix("-").partition(".")
    plain = _has_digits(whole) and (not dot or _has_digits(decimals))
    return float(text) if plain else None


def _has_digits(text: str) -> bool:
    """Return whether a text is a few digits and nothing else."""
    return text.isascii() and text.isdecimal() and len(text) < MOST_DIGITS


def _read_path(text: str) -> Path | None:
    """Return the path of a new file, or of one that can be read: Typer refuses others."""
    return Path(text) if os.access(text, os.R_OK) or not os.path.lexists(text) else None


_READERS: dict[object, Callable[[str], object | None]] = {
    int: _read_whole,
    float: _read_number,
    Path: _read_path,
}


def _is_within(value: Any, limits: Any) -> bool:
    return (limits.min is None or limits.min <= value) and (
        limits.max is None or value <= limits.max
    )
