"""Label ids and colours of well-known data sets, one JSON file for each.

Each JSON file in this folder states where its facts are published, and which of them are
uncertain. Some files hold more than a `DataSet` does, for example which ids are unused, or how
the full edition of a data set numbers its classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict

from iou_doctor.record import record

_FOLDER = Path(__file__).parent

Colour = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""

_RED, _GREEN, _BLUE, _HALF = 19595, 38470, 7471, 0x8000
"""Pillow's weights for `convert("L")`: 0.299, 0.587, 0.114 and 0.5, times 65536."""


def convert_to_grey(colour: Colour) -> int:
    """Return the grey value of a colour in Pillow's `convert("L")`.

    Pillow computes `0.299 r + 0.587 g + 0.114 b` in integers, as
    `(19595 r + 38470 g + 7471 b + 32768) >> 16`. For 1 colour in 1856 this differs by one from
    the rounded formula. OpenCV agrees for every colour listed here except the booth of ADE20K,
    which is 99 in Pillow and 100 in OpenCV.

    Args:
        colour: red, green and blue, from 0 to 255.
    """
    red, green, blue = colour
    return (red * _RED + green * _GREEN + blue * _BLUE + _HALF) >> 16


@record
class KnownLabel:
    """One id of a data set."""

    id: int
    """The value in the data set's own masks."""
    name: str
    """The name its authors gave it."""
    train_id: int | None
    """The value to which it is usually mapped for training; `None` if there is none."""
    colour: Colour | None
    """The colour in which it is usually drawn; `None` if there is none."""


@record
class DataSet:
    """The ids of one data set, in the order of its authors."""

    name: str
    """The name that `load_data_set` takes, for example `pascal_voc`."""
    title: str
    """The name for messages."""
    source: str
    """Where the ids and colours are published."""
    labels: tuple[KnownLabel, ...]
    """All ids, void ones included."""
    void: tuple[int, ...]
    """The ids that the authors leave out of the evaluation, in ascending order."""

    @cached_property
    def colours(self) -> Mapping[Colour, int]:
        """The id of each colour. If several ids share a colour, it is the first one in `labels`."""
        ids: dict[Colour, int] = {}
        for label in self.labels:
            if label.colour is not None:
                ids.setdefault(label.colour, label.id)
        return MappingProxyType(ids)

    @cached_property
    def train_ids(self) -> Mapping[int, int]:
        """The train id of each id that has one. Void ids often have 255."""
        return MappingProxyType(
            {label.id: label.train_id for label in self.labels if label.train_id is not None}
        )


def load_data_sets() -> tuple[DataSet, ...]:
    """Return all known data sets, sorted by name."""
    return tuple(load_data_set(name) for name in _list_names())


@cache
def load_data_set(name: str) -> DataSet:
    """Return one data set, which is read from its file on first use.

    Args:
        name: the `name` of one of `load_data_sets`.

    Raises:
        KeyError: there is no data set of that name.
    """
    if name not in _list_names():
        raise KeyError(f"{name!r} is none of {', '.join(_list_names())}")
    import json

    facts = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return DataSet(
        name=facts["name"],
        title=facts["title"],
        source=facts["source"],
        labels=tuple(_build_label(entry) for entry in facts["labels"]),
        void=tuple(facts["void"]),
    )


@cache
def _list_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


class _Entry(TypedDict, total=False):
    """A label in a JSON file; `train_id` and `colour` may be missing."""

    id: int
    name: str
    train_id: int | None
    colour: list[int] | None


def _build_label(entry: _Entry) -> KnownLabel:
    colour = entry.get("colour")
    return KnownLabel(
        id=entry["id"],
        name=entry["name"],
        train_id=entry.get("train_id"),
        colour=None if colour is None else (colour[0], colour[1], colour[2]),
    )
