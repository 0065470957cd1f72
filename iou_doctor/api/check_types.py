"""Check the types of the arguments in Python, and bring them into one form."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.arrays.interpretation import Encoding

Choice = TypeVar("Choice", bound=str)
MOST_SHOWN = 60
"""The number of characters of a wrong value that a message shows."""
EXACT_DIGITS = 7
"""The digits of a score that is given as a float: float32 has no more."""


def take_integer(
    name: str, value: Any, *, example: int = 3, least: int | None = None
) -> int | None:
    """Return an integer of any library; `None` stays `None`.

    Raises:
        UsageError: it is not an integer, or too small.
    """
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise _refuse(name, value, f"give an integer, {name}={example} for instance")
    if least is not None and number < least:
        raise _refuse(name, value, f"give at least {least}")
    return number


def take_number(name: str, value: Any, *, example: float) -> float | None:
    """Return a finite number as a float; `None` stays `None`.

    Raises:
        UsageError: it is not a number.
    """
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, (str, bool, bytes)) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise _refuse(name, value, f"give a number, {name}={example} for instance")
    return number


def take_text(name: str, value: Any, *, example: str) -> str | None:
    """Return a string; `None` stays `None`.

    Raises:
        UsageError: it is not a string.
    """
    if value is None or isinstance(value, str):
        return value
    raise _refuse(name, value, f"give a string, {name}={example!r} for instance")


def take_choice(name: str, value: Any, choices: Iterable[Choice]) -> Choice:
    """Return a value that is one of some strings.

    Raises:
        UsageError: it is not.
    """
    known = list(choices)
    for choice in known:
        if isinstance(value, str) and value == choice:
            return choice
    *most, last = map(repr, known)
    raise _refuse(name, value, f"give {', '.join(most)} or {last}")


def take_score(name: str, value: Any) -> str | None:
    """Return a score as it was printed: a string, or a number with at most seven digits.

    Raises:
        UsageError: it is neither.
    """
    if value is None or isinstance(value, str):
        return value
    number = take_number(name, value, example=0.3333)
    shortest = repr(number)
    digits = sum(character.isdigit() for character in shortest)
    return shortest if digits <= EXACT_DIGITS + 1 else f"{number:.{EXACT_DIGITS}g}"


def take_encoding(name: str, value: Any) -> Encoding | None:
    """Return an encoding by its name on the command line; `None` stays `None`.

    Raises:
        UsageError: there is no such encoding.
    """
    from typing import get_args

    from iou_doctor.arrays.interpretation import Encoding
    from iou_doctor.choices import EncodingName

    return None if value is None else Encoding(take_choice(name, value, get_args(EncodingName)))


def take_class_names(names: Any) -> tuple[str, ...]:
    """Return one name for each class.

    Args:
        names: a list or another iterable of strings; a string with commas; or a dict from ids to
            names, or from names to ids. A class without a name is called by its id.

    Raises:
        UsageError: it is none of them.
    """
    if names is None:
        return ()
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(",") if name.strip())
    if isinstance(names, Mapping):
        return _order_by_id(names)
    try:
        listed = tuple(names)
    except TypeError:
        listed = (names,)
    if all(isinstance(name, str) for name in listed):
        return listed
    raise _refuse_class_names(names)


def _order_by_id(names: Mapping[Any, Any]) -> tuple[str, ...]:
    turned = all(isinstance(key, str) for key in names) and not any(
        isinstance(value, str) for value in names.values()
    )
    by_id: Mapping[Any, Any] = {names[key]: key for key in names} if turned else names
    try:
        numbered = {operator.index(number): name for number, name in by_id.items()}
    except TypeError:
        raise _refuse_class_names(names) from None
    if min(numbered, default=0) < 0 or not all(isinstance(name, str) for name in numbered.values()):
        raise _refuse_class_names(names)
    return tuple(
        numbered.get(number, str(number)) for number in range(max(numbered, default=-1) + 1)
    )


def _refuse_class_names(names: object) -> UsageError:
    return _refuse(
        "class_names",
        names,
        "give a list ['road', 'car'], a string 'road,car', or a dict {0: 'road', 1: 'car'}",
    )


def _refuse(name: str, value: object, what_works: str) -> UsageError:
    shown = repr(value)
    if len(shown) > MOST_SHOWN:
        shown = f"{shown[:MOST_SHOWN]}…"
    return UsageError(f"{name}={' '.join(shown.split())}: {what_works}")
