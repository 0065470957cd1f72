"""Change structures so that they stay well-formed: messages, JSON documents, trees of objects."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from fuzz.mutations import NUMBERS, WORDS

SMALL_NUMBERS = (-2, -1, 0, 1, 2, 3, 5, 16, 100_000, 1 << 31, (1 << 63) - 1)


def mutate_message(message: Any, rng: random.Random, names: list[str]) -> None:
    """Change a protobuf message in one to three places.

    Args:
        message: the message.
        rng: what decides.
        names: words that mean something to its reader, for instance operations.
    """
    for _ in range(rng.choice([1, 1, 2, 3])):
        found = list(_list_fields(message))
        if found:
            _change_field(*rng.choice(found), rng, names, [owner for owner, _ in found])


def walk_messages(message: Any) -> Iterator[Any]:
    """Yield a message and all messages in it."""
    waiting = [message]
    while waiting:
        one = waiting.pop()
        yield one
        for field, value in one.ListFields():
            waiting += _list_inner(field, value)


def _list_inner(field: Any, value: Any) -> list[Any]:
    if field.message_type is None:
        return []
    if field.message_type.GetOptions().map_entry:
        is_message = field.message_type.fields_by_name["value"].message_type is not None
        return list(value.values()) if is_message else []
    return list(value) if _is_repeated(field, value) else [value]


def _is_repeated(field: Any, value: Any) -> bool:
    return hasattr(value, "extend" if field.message_type is None else "add")


def _list_fields(message: Any) -> Iterator[tuple[Any, Any]]:
    for one in walk_messages(message):
        for field, _ in one.ListFields():
            yield one, field


def _change_field(
    owner: Any, field: Any, rng: random.Random, names: list[str], owners: list[Any]
) -> None:
    value = getattr(owner, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _change_map(value, rng)
    elif _is_repeated(field, value):
        _change_repeated(value, field, rng, names)
    elif field.message_type is not None:
        _change_inner(owner, field, rng, owners)
    else:
        try:
            setattr(owner, field.name, _change_scalar(value, rng, names))
        except (ValueError, TypeError):
            owner.ClearField(field.name)


def _change_map(value: Any, rng: random.Random) -> None:
    keys = list(value)
    if keys:
        first, second = rng.choice(keys), rng.choice(keys)
        if rng.random() < 0.4 or not hasattr(value[first], "CopyFrom"):
            del value[first]
        else:
            value[first].CopyFrom(value[second])


def _change_repeated(value: Any, field: Any, rng: random.Random, names: list[str]) -> None:
    place = rng.randrange(len(value))
    match rng.choice(["delete", "repeat", "change", "swap"]):
        case "delete":
            del value[place]
        case "repeat":
            value.extend([value[place]] * rng.choice([1, 2, 20]))
        case "swap" if field.message_type is not None:
            other = copy.deepcopy(value[rng.randrange(len(value))])
            value[place].CopyFrom(other)
        case _ if field.message_type is None:
            try:
                value[place] = _change_scalar(value[place], rng, names)
            except (ValueError, TypeError):
                del value[place]
        case _:
            value[place].Clear()


def _change_inner(owner: Any, field: Any, rng: random.Random, owners: list[Any]) -> None:
    same = [one for one in owners if one.DESCRIPTOR is field.message_type]
    if same and rng.random() < 0.6:
        getattr(owner, field.name).CopyFrom(copy.deepcopy(rng.choice(same)))
    else:
        owner.ClearField(field.name)


def _change_scalar(value: Any, rng: random.Random, names: list[str]) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([*SMALL_NUMBERS, value + 1, value - 1, rng.choice(NUMBERS)])
    if isinstance(value, float):
        return rng.choice([0.0, -1.0, float("nan"), float("inf"), 1e38])
    word = rng.choice(names) if names and rng.random() < 0.7 else rng.choice(WORDS[-14:])
    return word if isinstance(value, str) else word.encode("utf-8", "surrogateescape")


def mutate_json(document: Any, rng: random.Random, names: list[Any]) -> Any:
    """Return a JSON document with one to three changes."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice([1, 1, 2, 3])):
        places = list(_list_places(document))
        if not places:
            return document
        owner, key = rng.choice(places)
        match rng.choice(["name", "number", "delete", "other", "wrap", "name"]):
            case "name":
                owner[key] = copy.deepcopy(rng.choice(names))
            case "number":
                owner[key] = rng.choice([*SMALL_NUMBERS, 1e999, -1.5, None, True])
            case "delete":
                del owner[key]
            case "other":
                other, place = rng.choice(places)
                owner[key] = copy.deepcopy(other[place])
            case _:
                owner[key] = [owner[key]]
    return document


def _list_places(document: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [document]
    while waiting:
        one = waiting.pop()
        keys = range(len(one)) if isinstance(one, list) else ()
        for key in list(one) if isinstance(one, dict) else keys:
            yield one, key
            waiting.append(one[key])


def mutate_object(root: Any, rng: random.Random) -> None:
    """Change the attributes of a tree of objects, such as those of a flatbuffer."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        places = list(_list_attributes(root))
        owner, name = rng.choice(places)
        value = getattr(owner, name)
        if isinstance(value, bool):
            setattr(owner, name, not value)
        elif isinstance(value, int):
            setattr(owner, name, rng.choice([-1, 0, 1, 2, 3, 5, 32, 127, value + 1]))
        elif isinstance(value, list) and value:
            _change_list(value, rng)
        elif hasattr(value, "dtype") and len(value):
            changed = value.copy()
            changed[rng.randrange(len(value))] = rng.choice([0, 1, 2, 5, 100])
            setattr(owner, name, changed)
        else:
            others = [getattr(o, n) for o, n in places if n == name]
            setattr(owner, name, copy.deepcopy(rng.choice(others)))


def _change_list(value: list[Any], rng: random.Random) -> None:
    place = rng.randrange(len(value))
    match rng.choice(["delete", "repeat", "swap"]):
        case "delete":
            del value[place]
        case "repeat":
            value.append(copy.deepcopy(value[place]))
        case _:
            value[place] = copy.deepcopy(rng.choice(value))


def _list_attributes(root: Any) -> Iterator[tuple[Any, str]]:
    waiting = [root]
    while waiting:
        one = waiting.pop()
        for name, value in vars(one).items():
            yield one, name
            inner = value if isinstance(value, list) else [value]
            waiting += [entry for entry in inner if hasattr(entry, "__dict__")]
