"""A record is what `dataclass(frozen=True)` makes of the same class."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import (
    FrozenInstanceError,
    asdict,
    dataclass,
    field,
    fields,
    is_dataclass,
    replace,
)
from functools import cached_property, partial
from typing import Any, ClassVar

import pytest

from iou_doctor.record import record


class _Point:
    """A class to decorate."""

    x: int
    names: Mapping[str, int] = field(default_factory=dict, hash=False)
    note: str = field(default="none", compare=False)
    hidden: int = field(default=0, repr=False)

    @cached_property
    def double(self) -> int:
        """Twice."""
        return 2 * self.x


def _decorated(decorator: Any) -> Any:
    namespace = {name: value for name, value in vars(_Point).items() if name != "__dict__"}
    return decorator(type("Point", (), {**namespace, "__qualname__": "Point"}))


@pytest.fixture
def made() -> Any:
    return _decorated(record)


@pytest.fixture
def peer() -> Any:
    return _decorated(dataclass(frozen=True))


def test_it_is_written_and_listed_as_a_dataclass_is(made: Any, peer: Any) -> None:
    assert repr(made(1, {"a": 2}, hidden=3)) == repr(peer(1, {"a": 2}, hidden=3))
    assert [one.name for one in fields(made)] == [one.name for one in fields(peer)]
    assert made.__match_args__ == peer.__match_args__


def test_it_compares_and_hashes_the_fields_that_count(made: Any, peer: Any) -> None:
    for kind in (made, peer):
        one = kind(1, {"a": 2}, note="first")
        assert one == kind(1, {"a": 2}, note="second")
        assert one != kind(1, {"a": 3})
        assert hash(one) == hash(kind(1, {"a": 3}))
        assert one != (1, {"a": 2}, 0)
    assert hash(made(1)) == hash(peer(1))
    assert made(1) != peer(1)


def test_no_field_changes_once_it_is_made(made: Any) -> None:
    one = made(1)
    for change in (
        lambda: setattr(one, "x", 2),
        lambda: setattr(one, "other", 2),
        lambda: delattr(one, "x"),
    ):
        with pytest.raises(FrozenInstanceError, match="cannot"):
            change()
    assert one.double == one.double == 2  # what is worked out once is kept
    assert replace(one, x=5).double == 10
    assert deepcopy(one) == one


def test_keywords_only_and_identity_where_asked_for() -> None:
    @record(kw_only=True)
    class Named:
        x: int

    @record(eq=False)
    class Own:
        x: int

    with pytest.raises(TypeError):
        Named(1)  # type: ignore[misc]
    assert Named(x=1) == Named(x=1)
    assert Own(1) != Own(1)
    assert len({Own(1), Own(1)}) == 2


def test_methods_of_the_class_itself_stay() -> None:
    @record
    class Same:
        x: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Same)

        def __repr__(self) -> str:
            return "mine"

        __hash__ = None  # type: ignore[assignment]

    assert Same(1) == Same(2)
    assert repr(Same(1)) == "mine"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Same(1))


def test_a_record_of_a_record_has_the_fields_of_both() -> None:
    @record
    class Base:
        x: int

    @record
    class Wider(Base):
        y: int = 2

    assert repr(Wider(1)).endswith("Wider(x=1, y=2)")
    assert Wider(1) == Wider(1, 2)
    assert Wider(1) != Base(1)


@pytest.mark.parametrize("kw_only", [False, True])
def test_its_fields_are_those_of_a_dataclass(kw_only: bool) -> None:
    def make(decorator: Any) -> Any:
        @decorator()
        class Base:
            a: int
            b: list[int] = field(default_factory=list)

        @decorator(kw_only=kw_only)
        class Changed(Base):
            kind: ClassVar[str] = "changed"
            a: int = 3
            c: str = field(default="", kw_only=True, metadata={"note": 1})
            d: float | None = None

        return Changed

    made, peer = make(record), make(partial(dataclass, frozen=True))
    assert [repr(one) for one in fields(made)] == [repr(one) for one in fields(peer)]
    assert (made.__match_args__, made.kind, made.c) == (peer.__match_args__, peer.kind, peer.c)
    assert asdict(made(a=1, d=2.0)) == asdict(peer(a=1, d=2.0))
    assert is_dataclass(made(a=1))
    assert not hasattr(made, "b")


def test_a_default_that_can_change_is_refused() -> None:
    class Listed:
        x: list[int] = []  # noqa: RUF012

    with pytest.raises(ValueError, match=r"Listed.x needs a default_factory"):
        record(Listed)


@pytest.mark.parametrize(
    ("args", "values", "words"),
    [
        ((), {}, "needs a value for 'first'"),
        ((1,), {"last": 2, "other": 3}, "takes no argument 'other'"),
        ((1, 2, 3), {}, "too many"),
        ((1,), {"first": 1}, "twice"),
        ((1,), {"other": 2}, "takes no argument 'other'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    args: tuple[int, ...], values: dict[str, int], words: str
) -> None:
    @record
    class Two:
        first: int
        last: int = 0

    with pytest.raises(TypeError, match=words):
        Two(*args, **values)


def test_a_hook_runs_after_all_fields_are_set() -> None:
    @record
    class Sorted:
        low: int
        high: int = 5

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError(f"{self.low} > {self.high}")

    assert Sorted(1).high == 5
    with pytest.raises(ValueError, match="7 > 5"):
        Sorted(low=7)
