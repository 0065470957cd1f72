"""Learns which parts of two folders' names are constant, so that the rest of the names pairs up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import product
from os.path import commonprefix

from iou_doctor.errors import UsageError
from iou_doctor.record import record

LEAST_SHARE = 0.5
"""The share of the shorter side's names that has to pair: fewer may do so by chance."""
_MOST_CUTS = 4
"""The maximum number of constant beginnings, and of endings, to try on each side."""
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_DIGITS = re.compile(r"[0-9]+")
_ZEROS = "leading zeros"
_FOLDERS = "folders"
_ALL_BUT_NUMBERS = "all but the numbers"


class _Folders(IntEnum):
    """What is done with the folders in a name."""

    KEPT = 0
    STRIPPED = 1
    """Their constant parts are dropped."""
    DROPPED = 2


@record
class Match:
    """A way to pair names."""

    partners: Mapping[str, str]
    """The prediction's name for each mask's name that has one."""
    dropped: tuple[str, ...]
    """What was ignored in the names."""


@record
class _Way:
    """What is left of one side's names if some constant parts are dropped."""

    names: Mapping[str, str]
    """The name of each remainder that only one name has."""
    dropped: tuple[str, ...]

    @property
    def cost(self) -> int:
        """How much is dropped, in characters; other ways are preferred to numbers alone."""
        return sum(map(len, self.dropped)) + 1000 * (_ALL_BUT_NUMBERS in self.dropped)


def learn_partners(true_names: Sequence[str], pred_names: Sequence[str]) -> Match | None:
    """Return the way that pairs the most names, and of equal ways the one that drops the least.

    Raises:
        UsageError: two ways pair as many names, but not the same ones.
    """
    wanted = LEAST_SHARE * min(len(true_names), len(pred_names))
    true_ways, pred_ways = list(_list_ways(true_names)), list(_list_ways(pred_names))
    ways = sorted(product(true_ways, pred_ways), key=lambda pair: pair[0].cost + pair[1].cost)
    most = 0
    best: list[tuple[_Way, _Way]] = []
    for true, pred in ways:
        count = len(true.names.keys() & pred.names.keys())
        if count > most:
            most, best = count, []
        if count == most:
            best.append((true, pred))
    if not most or most < wanted:
        return None
    matches = [_join(true, pred) for true, pred in best]
    other = next((match for match in matches if match.partners != matches[0].partners), None)
    if other is not None:
        raise UsageError(_describe_tie(matches[0], other))
    found = matches[0]
    return None if most == 1 and _have_other_numbers(found) else found


def _join(true: _Way, pred: _Way) -> Match:
    keys = true.names.keys() & pred.names.keys()
    partners = {true.names[key]: pred.names[key] for key in keys}
    return Match(partners, tuple(sorted({*true.dropped, *pred.dropped})))


def _have_other_numbers(match: Match) -> bool:
    """Return whether the only two names that pair have different numbers."""
    ((true, pred),) = match.partners.items()
    numbers = [{int(number) for number in _DIGITS.findall(name)} for name in (true, pred)]
    return bool(numbers[0] and numbers[1]) and not numbers[0] & numbers[1]


def _describe_tie(one: Match, other: Match) -> str:
    examples = []
    for match in (one, other):
        pairs = sorted(match.partners.items())[:3]
        examples.append(", ".join(f"`{true}` with `{pred}`" for true, pred in pairs))
    return (
        f"the names of masks and predictions pair up in two ways: {examples[0]}; or {examples[1]};"
        " give partners the same names"
    )


def _list_ways(names: Sequence[str]) -> Iterator[_Way]:
    """Yield what may be left of the names, without numbers' leading zeros last."""
    split = [name.rpartition("/")[::2] for name in names]
    has_folders = any(folder for folder, _ in split)
    bases = [base for _, base in split]
    modes = list(_Folders) if has_folders else [_Folders.KEPT]
    cuts = list(_list_cuts(bases))
    for mode, (start, end), keeps_zeros in product(modes, cuts, (True, False)):
        folders, dropped = _shorten_folders([folder for folder, _ in split], mode)
        keys = [
            "/".join(filter(None, (folder, base[start : len(base) - end])))
            for folder, base in zip(folders, bases, strict=True)
        ]
        parts = [*dropped, bases[0][:start], bases[0][len(bases[0]) - end :] if end else ""]
        if not keeps_zeros:
            shorter = [_LEADING_ZEROS.sub("", key) for key in keys]
            if shorter == keys:
                continue
            keys, parts = shorter, [*parts, _ZEROS]
        uses = Counter(keys)
        unique = {key: name for key, name in zip(keys, names, strict=True) if uses[key] == 1}
        yield _Way(unique, tuple(filter(None, parts)))
    yield from _list_numbers(names)


def _list_numbers(names: Sequence[str]) -> Iterator[_Way]:
    """Yield the numbers of names that are alike but for them, with and without constant numbers."""
    if len({_DIGITS.sub("0", name) for name in names}) > 1:
        return
    rows = [tuple(map(int, _DIGITS.findall(name))) for name in names]
    varying = [place for place, column in enumerate(zip(*rows, strict=True)) if len({*column}) > 1]
    for places in (range(len(rows[0])), varying):
        keys = [" ".join(str(row[place]) for place in places) for row in rows]
        uses = Counter(keys)
        unique = {k: name for k, name in zip(keys, names, strict=True) if k and uses[k] == 1}
        yield _Way(unique, (_ALL_BUT_NUMBERS,))


def _list_cuts(bases: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the lengths of constant beginnings and endings that may be dropped, the least first."""
    shortest = min(map(len, bases))
    if len(set(bases)) == 1:
        starts = _find_cuts(bases[0], "")
        yield from ((start, 0) for start in starts)
        yield len(bases[0]), 0
        return
    start = commonprefix(list(bases))  # noqa: RUF071 - of characters
    end = commonprefix([base[::-1] for base in bases])  # noqa: RUF071
    after = {base[len(start) : len(start) + 1] for base in bases}
    before = {base[::-1][len(end) : len(end) + 1] for base in bases}
    starts = _find_cuts(start, "".join(after))
    ends = _find_cuts(end, "".join(before))
    yield from ((first, last) for first, last in product(starts, ends) if first + last <= shortest)


def _find_cuts(constant: str, neighbours: str) -> list[int]:
    """Return how much of a constant beginning may be dropped without cutting a word or a number.

    Args:
        constant: the beginning of all names; or the ending, written backwards.
        neighbours: the characters that follow it.
    """
    cuts = [
        length
        for length in range(1, len(constant))
        if constant[length].isalnum()  # a separator belongs to what it follows
        and not _is_within_word(constant[length - 1], constant[length])
    ]
    if constant and not any(_is_within_word(constant[-1], other) for other in neighbours):
        cuts.append(len(constant))
    return [0, *cuts[-(_MOST_CUTS - 1) :]]


def _is_within_word(one: str, other: str) -> bool:
    """Return whether two neighbours belong to one number, or to one word."""
    if one.isdigit() or other.isdigit():
        return one.isdigit() and other.isdigit()
    return one.isalpha() and other.isalpha() and one.isupper() == other.isupper()


def _shorten_folders(folders: Sequence[str], mode: _Folders) -> tuple[list[str], tuple[str, ...]]:
    """Return what is left of the folders, and what was dropped."""
    if mode is _Folders.KEPT:
        return list(folders), ()
    if mode is _Folders.DROPPED:
        return [""] * len(folders), (_FOLDERS,)
    levels = [folder.split("/") for folder in folders]
    if len({len(level) for level in levels}) > 1:
        levels = [[folder] for folder in folders]
    columns: list[list[str]] = []
    dropped: list[str] = []
    for column in zip(*levels, strict=True):
        start, end = list(_list_cuts(column))[-1]
        columns.append([part[start : len(part) - end] for part in column])
        dropped += [column[0][:start], column[0][len(column[0]) - end :] if end else ""]
    joined = ["/".join(filter(None, parts)) for parts in zip(*columns, strict=True)]
    return joined, tuple(filter(None, dropped))
