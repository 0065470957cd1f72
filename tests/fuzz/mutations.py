"""Change bytes and texts so that parsers meet what they do not expect."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, -1)
"""The values at which integers of files overflow."""
WORDS = (
    *("nan", "inf", "-inf", "1e999", "-0.0", "1e-400", "0x" + "f" * 20, "9" * 30, "9" * 5000),
    *("True", "None", "[]", "{}", "''", "'\\x00'", "[" * 60, "(" * 60, "-" * 200, "::error::x"),
    *("\x1b[31m", "\u202e", "\n", "\x00", "\udcff", "#", "[[check]]", "..", "/dev/zero", "-1"),
)
"""Texts that break careless code."""


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Return the data with one to four changes."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        rng.choice(_BYTE_CHANGES)(changed, rng)
    return bytes(changed)


def mutate_text(text: str, rng: random.Random) -> str:
    """Return the text with one to three changes of characters, words or numbers."""
    for _ in range(rng.choice([1, 1, 1, 1, 2])):
        text = rng.choice(_TEXT_CHANGES)(text, rng)
    return text


def _pick(changed: bytearray, rng: random.Random) -> int:
    """Return a place; often one near the beginning or the end, where headers are."""
    size = max(1, len(changed))
    near = min(size, 256)
    return rng.choice([rng.randrange(size), rng.randrange(near), size - 1 - rng.randrange(near)])


def _flip(changed: bytearray, rng: random.Random) -> None:
    if changed:
        changed[_pick(changed, rng)] ^= 1 << rng.randrange(8)


def _set(changed: bytearray, rng: random.Random) -> None:
    if changed:
        changed[_pick(changed, rng)] = rng.randrange(256)


def _set_number(changed: bytearray, rng: random.Random) -> None:
    size = rng.choice([1, 2, 4, 8])
    value = rng.choice(NUMBERS) % (1 << 8 * size)
    place = _pick(changed, rng)
    changed[place : place + size] = value.to_bytes(size, rng.choice(["little", "big"]))


def _delete(changed: bytearray, rng: random.Random) -> None:
    place = _pick(changed, rng)
    del changed[place : place + rng.choice([1, 1, 4, 16, 100])]


def _truncate(changed: bytearray, rng: random.Random) -> None:
    del changed[_pick(changed, rng) :]


def _insert(changed: bytearray, rng: random.Random) -> None:
    place = _pick(changed, rng)
    changed[place:place] = rng.randbytes(rng.choice([1, 2, 8, 64]))


def _repeat(changed: bytearray, rng: random.Random) -> None:
    place = _pick(changed, rng)
    changed[place:place] = changed[place : place + rng.choice([1, 8, 64])] * rng.choice([1, 2, 9])


def _replace_digits(changed: bytearray, rng: random.Random) -> None:
    """Change a decimal number in the text of a header."""
    numbers = list(re.finditer(rb"[0-9]+", bytes(changed[:300])))
    if numbers:
        found = rng.choice(numbers)
        word = rng.choice([b"0", b"-1", b"True", b"1e9", b"9" * 20, b"99999", b"2", b"()"])
        changed[found.start() : found.end()] = word


_BYTE_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _flip, _set, _set_number, _set_number),
    *(_delete, _truncate, _insert, _repeat, _replace_digits),
)


def _replace_number(text: str, rng: random.Random) -> str:
    numbers = list(re.finditer(r"[0-9.]+", text))
    if not numbers:
        return text
    found = rng.choice(numbers)
    return f"{text[: found.start()]}{rng.choice(WORDS)}{text[found.end() :]}"


def _insert_word(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text) + 1)
    return f"{text[:place]}{rng.choice(WORDS)}{text[place:]}"


def _replace_word(text: str, rng: random.Random) -> str:
    words = list(re.finditer(r"\w+|\"[^\"]*\"", text))
    if not words:
        return text
    found = rng.choice(words)
    other = rng.choice([rng.choice(WORDS), rng.choice(words)[0], ""])
    return f"{text[: found.start()]}{other}{text[found.end() :]}"


def _cut(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text) + 1)
    return text[:start] + text[start + rng.choice([1, 3, 20]) :]


def _repeat_text(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text) + 1)
    part = text[start : start + rng.choice([1, 5, 30])]
    return text[:start] + part * rng.choice([2, 3, 500]) + text[start:]


_TEXT_CHANGES = (_replace_number, _insert_word, _replace_word, _cut, _repeat_text)
