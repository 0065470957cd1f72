"""Lists the data sets of an HDF5 file, which may nest its groups without end or in a circle."""

from __future__ import annotations

from collections.abc import Iterator

import h5py

from iou_doctor.record import record

MOST_DATASETS = 100
"""The maximum number of data sets to list."""
MOST_OBJECTS = 10_000
"""The maximum number of groups and data sets to look at."""
DEEPEST_GROUP = 64
"""The maximum number of groups within one another to look into."""


@record
class DatasetNames:
    """The data sets of a group."""

    names: tuple[str, ...]
    """Their names, relative to the group."""
    is_complete: bool
    """Whether there are certainly no others."""


def list_datasets(group: h5py.Group) -> DatasetNames:
    """Return the data sets in a group and below; each once, under its first name.

    Soft links and links to other files are not followed.
    """
    names: list[str] = []
    seen = {_get_address(group)}
    stack: list[tuple[str, h5py.Group, Iterator[str]]] = [("", group, iter(group))]
    is_complete = True
    while stack:
        prefix, parent, rest = stack[-1]
        name = next(rest, None)
        if name is None:
            stack.pop()
            continue
        if len(seen) > MOST_OBJECTS or len(names) == MOST_DATASETS:
            return DatasetNames(tuple(names), is_complete=False)
        item = _open_new(parent, name, seen)
        if isinstance(item, h5py.Dataset):
            names.append(f"{prefix}{name}")
        elif isinstance(item, h5py.Group) and len(stack) < DEEPEST_GROUP:
            stack.append((f"{prefix}{name}/", item, iter(item)))
        elif isinstance(item, h5py.Group):
            is_complete = False
    return DatasetNames(tuple(names), is_complete)


def _open_new(parent: h5py.Group, name: str, seen: set[int]) -> h5py.HLObject | None:
    """Return the object behind a name unless it was seen or lies behind a link."""
    if not isinstance(parent.get(name, getlink=True), h5py.HardLink):
        return None
    item = parent[name]
    address = _get_address(item)
    if address in seen:
        return None
    seen.add(address)
    return item


def _get_address(item: h5py.HLObject) -> int:
    return int(h5py.h5o.get_info(item.id).addr)
