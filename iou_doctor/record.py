"""Frozen dataclasses that are quick to define.

`dataclass(frozen=True)` generates six methods for each class and compiles them in every process,
which was a fifth of the time of a small check. Records share their methods, and nothing is
compiled for them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from inspect import get_annotations
from operator import attrgetter
from typing import (
    Any,
    ClassVar,
    NoReturn,
    Protocol,
    TypeVar,
    cast,
    dataclass_transform,
    overload,
)

Record = TypeVar("Record")


class _Instance(Protocol):
    """An instance of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __post_init__(self) -> None:
        """Run at the end of `__init__`, if the class defines it."""


@overload
def record(cls: type[Record], /) -> type[Record]: ...
@overload
def record(*, kw_only: bool = False, eq: bool = True) -> Callable[[type[Record]], type[Record]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field, Field))
def record(
    cls: type[Record] | None = None, /, *, kw_only: bool = False, eq: bool = True
) -> type[Record] | Callable[[type[Record]], type[Record]]:
    """Make a class a frozen dataclass, whose fields are set once, by `__init__`.

    Args:
        cls: the class, if `@record` is used without arguments.
        kw_only: whether `__init__` takes only keyword arguments.
        eq: whether records with equal fields are equal and have the same hash. Otherwise a record
            equals only itself. A class that defines `__eq__` keeps it, and its `__hash__`.
    """

    def decorate(cls: type[Record]) -> type[Record]:
        made = _make_dataclass(cls, kw_only=kw_only)
        shared: dict[str, object] = {
            "__init__": _make_init(made, hooked=hasattr(cls, "__post_init__")),
            "__setattr__": _set_once,
            "__delattr__": _refuse_to_delete,
            "__repr__": _represent,
        }
        if eq and "__eq__" not in cls.__dict__:
            compared = [each for each in fields(made) if each.compare]  # type: ignore[arg-type]
            shared["__eq__"], shared["__hash__"] = _compare_by_value(
                tuple(each.name for each in compared),
                tuple(each.name for each in compared if each.hash is not False),
            )
        for name, method in shared.items():
            if name not in cls.__dict__:
                setattr(made, name, method)
        return made

    return decorate if cls is None else decorate(cls)


@dataclass(init=False, repr=False, eq=False)
class _Example:
    """A dataclass, from which records take what `dataclass` leaves in a class and in a field."""

    value: object


def _make_dataclass(cls: type[Record], *, kw_only: bool) -> type[Record]:
    """Return a class with the list of its fields, which makes it a dataclass.

    `dataclass` takes twice as long, 3 % of a small check, because it reads annotations that are
    text and considers all that it can generate. Records have class variables, but no `InitVar`.
    """
    made: Any = cls
    known: dict[str, Field[Any]] = {}
    for base in cls.__mro__[-1:0:-1]:
        known.update(getattr(base, "__dataclass_fields__", {}))
    for name, kind in get_annotations(cls).items():
        if "ClassVar" not in str(kind):
            known[name] = _make_field(made, name, kind, kw_only=kw_only)
    made.__dataclass_fields__ = known
    made.__dataclass_params__ = _Example.__dataclass_params__  # type: ignore[attr-defined]
    positional = tuple(name for name, each in known.items() if not each.kw_only)
    made.__match_args__ = positional  # type: ignore[misc]
    return cls


def _make_field(cls: Any, name: str, kind: Any, *, kw_only: bool) -> Field[Any]:
    """Return the field that an annotation declares, and leave its default in the class."""
    default = getattr(cls, name, MISSING)
    is_described = isinstance(default, Field)
    made: Any = default if is_described else field(default=default)
    if is_described and made.default is MISSING:
        delattr(cls, name)
    elif is_described:
        setattr(cls, name, made.default)
    if type(made.default).__hash__ is None:
        raise ValueError(f"{cls.__name__}.{name} needs a default_factory: its default can change")
    made.name, made.type = name, kind
    made.kw_only = kw_only if made.kw_only is MISSING else made.kw_only
    made._field_type = _Example.__dataclass_fields__["value"]._field_type  # type: ignore[attr-defined]
    return cast("Field[Any]", made)


def _make_init(cls: type[object], *, hooked: bool) -> Callable[..., None]:
    """Return `__init__` for a class: the one that `dataclass` would generate.

    Args:
        cls: the class.
        hooked: whether it has a `__post_init__`.
    """
    known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
    names, count = known.keys(), len(known)
    positional = tuple(each.name for each in known.values() if not each.kw_only)
    defaults = {each.name: each.default for each in known.values() if each.default is not MISSING}
    factories = {
        each.name: each.default_factory
        for each in known.values()
        if each.default_factory is not MISSING
    }

    def __init__(self: _Instance, *args: object, **values: object) -> None:  # noqa: N807
        given = dict(zip(positional, args)) if args else values  # noqa: B905 - checked below
        own = self.__dict__
        if args:
            if len(args) > len(positional) or not given.keys().isdisjoint(values):
                raise TypeError(f"{cls.__name__}() got too many arguments, or one of them twice")
            given.update(values)
        if len(given) < count:
            own.update(defaults)
            own.update((name, make()) for name, make in factories.items() if name not in given)
        own.update(given)
        if len(own) != count or not given.keys() <= names:
            _refuse(cls.__name__, given, own, names)
        if hooked:
            self.__post_init__()

    return __init__


def _refuse(name: str, given: Iterable[str], own: Container[str], names: Iterable[str]) -> NoReturn:
    """Raise the error for arguments that are unknown or missing."""
    known = tuple(names)
    unknown = sorted(each for each in given if each not in known)
    if unknown:
        raise TypeError(f"{name}() takes no argument {', '.join(map(repr, unknown))}")
    missing = next(each for each in known if each not in own)
    raise TypeError(f"{name}() needs a value for {missing!r}")


def _set_once(self: _Instance, name: str, value: object) -> None:
    own = self.__dict__
    if name in own or name not in self.__dataclass_fields__:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    own[name] = value  # faster than `object.__setattr__`


def _refuse_to_delete(_: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _represent(self: _Instance) -> str:
    values = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"


def _compare_by_value(
    compared: tuple[str, ...], hashed: tuple[str, ...]
) -> tuple[Callable[[object, object], bool], Callable[[object], int]]:
    """Return `__eq__` and `__hash__` for a class, from the names of fields to compare and hash."""
    get_values, get_hashed = _make_getter(compared), _make_getter(hashed)

    def equals(self: object, other: object) -> bool:
        return (
            get_values(self) == get_values(other) if type(other) is type(self) else NotImplemented
        )

    return equals, lambda self: hash(get_hashed(self))


def _make_getter(names: tuple[str, ...]) -> Callable[[object], object]:
    return attrgetter(*names) if names else lambda _: ()
