"""Label ids and colours of well-known data sets, one JSON file each.

Each file beside this one says where its facts are published, and what about them is
uncertain. Some hold more than a `DataSet` does: which ids are unused, or how the full
edition of a data set numbers its classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

_FOLDER = Path(__file__).parent

Colour = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""

_RED, _GREEN, _BLUE, _HALF = 19595, 38470, 7471, 0x8000
"""0.299, 0.587, 0.114 and a half, times 65536."""


def convert_to_grey(colour: Colour) -> int:
    """Return what a colour becomes in Pillow's `convert("L")`.

    This is `0.299 r + 0.587 g + 0.114 b` in whole numbers, as Pillow computes it:
    `(19595 r + 38470 g + 7471 b + 32768) >> 16`. Of all colours, 1 in 1856 comes out
    one off the rounded formula. OpenCV agrees on every colour listed here but one, the booth
    of ADE20K: 99 here and 100 there.

    Args:
        colour: Red, green and blue, from 0 to 255.
    """
    red, green, blue = colour
    return (red * _RED + green * _GREEN + blue * _BLUE + _HALF) >> 16


@dataclass(frozen=True)
class KnownLabel:
    """One id of a data set."""

    id: int
    """The value in the data set's own masks."""
    name: str
    """The name its authors gave it."""
    train_id: int | None
    """The value it is usually mapped to for training; `None` where there is no such habit."""
    colour: Colour | None
    """The colour it is usually drawn in; `None` without one."""


@dataclass(frozen=True)
class DataSet:
    """The ids of one data set, in the order of its authors."""

    name: str
    """What `data_set` takes, `pascal_voc` for instance."""
    title: str
    """The name for people."""
    source: str
    """Where the facts are published."""
    labels: tuple[KnownLabel, ...]
    """All ids, void ones included."""
    void: tuple[int, ...]
    """The ids that its authors leave out of the evaluation, in ascending order."""

    @cached_property
    def colours(self) -> Mapping[Colour, int]:
        """The id of each colour; of several with the same colour, the first in `labels`."""
        ids: dict[Colour, int] = {}
        for label in self.labels:
            if label.colour is not None:
                ids.setdefault(label.colour, label.id)
        return MappingProxyType(ids)

    @cached_property
    def train_ids(self) -> Mapping[int, int]:
        """The train id of each id that has one; void ids have 255 or the like."""
        return MappingProxyType(
            {label.id: label.train_id for label in self.labels if label.train_id is not None}
        )

    def luma(self) -> Mapping[int, tuple[int, ...]]:
        """Return the ids behind each grey value, in the order of `labels`.

        Grey values are those of `grey`. Where one has several ids, a mask of colours that
        was read as grey cannot be mapped back: nothing tells these classes apart.
        """
        ids: dict[int, tuple[int, ...]] = {}
        for label in self.labels:
            if label.colour is not None:
                value = convert_to_grey(label.colour)
                ids[value] = (*ids.get(value, ()), label.id)
        return MappingProxyType(ids)


def load_data_sets() -> tuple[DataSet, ...]:
    """Return all known data sets, sorted by name."""
    return tuple(load_data_set(name) for name in _names())


@cache
def load_data_set(name: str) -> DataSet:
    """Return one data set, read from its file the first time.

    Args:
        name: One of the `name`s of `data_sets`.

    Raises:
        KeyError: There is no data set of that name.
    """
    if name not in _names():
        raise KeyError(f"{name!r} is none of {', '.join(_names())}")
    import json

    facts = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return DataSet(
        name=facts["name"],
        title=facts["title"],
        source=facts["source"],
        labels=tuple(_label(entry) for entry in facts["labels"]),
        void=tuple(facts["void"]),
    )


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def _label(entry: Mapping[str, Any]) -> KnownLabel:
    colour = entry.get("colour")
    return KnownLabel(
        id=entry["id"],
        name=entry["name"],
        train_id=entry.get("train_id"),
        colour=None if colour is None else (colour[0], colour[1], colour[2]),
    )
