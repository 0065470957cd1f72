"""What the tags of a GeoTIFF say: the place on the map, and the value of pixels without data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from iou_doctor.record import record
from iou_doctor.sources.files.grids import Grid

_SCALE, _TIEPOINT, _TRANSFORMATION, _KEYS, _NODATA = 33550, 33922, 34264, 34735, 42113
_RASTER_TYPE, _POINTS = 1025, 2
"""The key that says whether coordinates are those of the centres of pixels, and its value if so."""
_SYSTEMS = (2048, 3072)
"""The keys with the numbers of the geographic and of the projected coordinate system."""
_MOST_EXACT = 1 << 53
"""The largest integer up to which floats hold all integers, more than any label."""
_FARTHEST = 1e12
"""Coordinates beyond this are damaged: a map of the Earth in millimetres has smaller ones."""
GetTag = Callable[[int], Any]
"""Returns the value of a tag; `None` if there is none."""


@record
class GeoTags:
    """What a GeoTIFF says about its pixels."""

    grid: Grid | None
    nodata: int | None
    """The value of pixels without data, if it is an integer that may be a label."""


def read_geo_tags(get_tag: GetTag, size: tuple[int, int]) -> GeoTags | None:
    """Return what the tags of an image say; `None` if they say nothing, or nothing sound.

    Args:
        get_tag: returns the value of a tag by its code.
        size: the number of rows and columns.
    """
    try:
        found = GeoTags(_read_grid(get_tag, size), _read_nodata(get_tag(_NODATA)))
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return None
    return None if found == GeoTags(None, None) else found


def _read_nodata(text: Any) -> int | None:
    if text is None:
        return None
    value = float(str(text).strip("\0 "))
    # rasters of floats often have -3.4e38 there, and so have the masks that were made of them
    return int(value) if abs(value) <= _MOST_EXACT and value.is_integer() else None


def _read_grid(get_tag: GetTag, size: tuple[int, int]) -> Grid | None:
    keys = _read_keys(get_tag(_KEYS))
    scale, tiepoint, transformation = map(get_tag, (_SCALE, _TIEPOINT, _TRANSFORMATION))
    if transformation is not None:
        matrix = np.array(transformation, np.float64).reshape(4, 4)[:2]
        steps, origin = matrix[:, [1, 0]], matrix[:, 3]
    elif scale is not None and tiepoint is not None:
        width, height = (float(value) for value in scale[:2])
        column, row, _, x, y = (float(value) for value in tiepoint[:5])
        steps = np.array([[0.0, width], [-height, 0.0]])
        origin = np.array([x, y]) - steps @ np.array([row, column])
    else:
        return None
    if keys.get(_RASTER_TYPE) == _POINTS:
        origin = origin - steps.sum(axis=1) / 2
    if not (np.abs(steps) <= _FARTHEST).all() or not (np.abs(origin) <= _FARTHEST).all():
        return None
    rows = tuple((float(down), float(right)) for down, right in steps)
    system = tuple(keys.get(key, 0) for key in _SYSTEMS)
    return Grid((rows[0], rows[1]), (float(origin[0]), float(origin[1])), size, system)


def _read_keys(values: Any) -> dict[int, int]:
    """Return the keys of a GeoTIFF that are small numbers."""
    if values is None:
        return {}
    entries = np.array(values, np.int64)[4:]
    entries = entries[: len(entries) // 4 * 4].reshape(-1, 4)
    return {int(key): int(value) for key, place, _, value in entries if place == 0}
