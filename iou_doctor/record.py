"""Frozen dataclasses that are quick to define.

`dataclass(frozen=True)` writes six methods for each class and compiles them anew in every process.
That was a fifth of a small check. A record's `__init__` is written for it; all share the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

Record = TypeVar("Record")


@overload
def record(cls: type[Record], /) -> type[Record]: ...
@overload
def record(*, kw_only: bool = False, eq: bool = True) -> Callable[[type[Record]], type[Record]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field, Field))
def record(cls: type[Any] | None = None, /, *, kw_only: bool = False, eq: bool = True) -> Any:
    """Make a class a frozen dataclass: each field is set once, by `__init__`.

    Args:
        cls: the class, where `@record` stands alone.
        kw_only: whether `__init__` takes keywords only.
        eq: whether records with equal fields are equal, and hashed alike; else each equals itself.
            A class that has an `__eq__` of its own keeps that, and its `__hash__`.
    """

    def made(cls: type[Any]) -> type[Any]:
        made = dataclass(repr=False, eq=False, kw_only=kw_only)(cls)
        shared = {"__setattr__": _set_once, "__delattr__": _refuse, "__repr__": _written}
        if eq and "__eq__" not in cls.__dict__:
            shared |= _by_value([one for one in fields(made) if one.compare])
        for name, method in shared.items():
            if name not in cls.__dict__:
                setattr(made, name, method)
        return made

    return made if cls is None else made(cls)


def _set_once(self: Any, name: str, value: object) -> None:
    own = self.__dict__
    if name in own or name not in self.__dataclass_fields__:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    own[name] = value  # quicker than `object.__setattr__`


def _refuse(_: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _written(self: Any) -> str:
    values = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"


def _by_value(compared: list[Field[Any]]) -> dict[str, Callable[..., Any]]:
    """Return how a class compares its fields, and hashes those that can be."""
    values = _getter(compared)
    hashed = _getter([one for one in compared if one.hash is not False])

    def equals(self: Any, other: object) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    return {"__eq__": equals, "__hash__": lambda self: hash(hashed(self))}


def _getter(some: list[Field[Any]]) -> Callable[[Any], Any]:
    return attrgetter(*(one.name for one in some)) if some else lambda _: ()
