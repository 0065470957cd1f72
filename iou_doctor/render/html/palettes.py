"""Colours of classes and of errors."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

from iou_doctor.datasets import Colour, load_data_set
from iou_doctor.datasets.class_names import KNOWN_SETS, list_trained_classes
from iou_doctor.report.gallery import PixelChange, PixelError

BACKGROUND: Colour = (43, 48, 56)
NO_CLASS: Colour = (255, 0, 255)
LEFT_OUT: Colour = (222, 226, 232)
SAFE: tuple[Colour, ...] = (
    *((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233)),
    *((213, 94, 0), (240, 228, 66), (51, 34, 136), (136, 204, 238), (153, 153, 51)),
    *((136, 34, 85), (68, 170, 153), (221, 204, 119), (170, 68, 153), (17, 119, 51)),
)
"""The colours of Okabe and Ito and the muted ones of Tol, which colour-blind people tell apart."""
ERRORS: dict[PixelError, tuple[Colour, str]] = {
    PixelError.BOUNDARY: ((86, 180, 233), "edge of what was found"),
    PixelError.EXTENT: ((240, 228, 66), "part of an object that was found"),
    PixelError.SEGMENT: ((213, 94, 0), "whole object, missed or invented"),
    PixelError.NO_CLASS: (NO_CLASS, "no class in the mask or in the prediction"),
    PixelError.LEFT_OUT: ((150, 156, 164), "void, not counted"),
}
"""The colour of each kind of error, and what it means. Right pixels are dark grey."""
CHANGES: dict[PixelChange, tuple[Colour, str]] = {
    PixelChange.BETTER: ((86, 180, 233), "right only after"),
    PixelChange.WORSE: ((213, 94, 0), "right only before"),
    PixelChange.WRONG_TWICE: ((240, 228, 66), "wrong in both"),
    PixelChange.LEFT_OUT: ((150, 156, 164), "void, not counted"),
}
"""The colour of each kind of change, and what it means."""
LUMA = 0.299, 0.587, 0.114
"""How much red, green and blue add to how bright a colour looks."""
TURN = 0.618033988749895
"""The share of the circle of hues between two generated colours, the golden ratio."""


def choose_palette(names: Sequence[str], *, has_background: bool) -> list[Colour]:
    """Return a colour for each class: those of a known data set, else some that differ well.

    Args:
        names: the names of the classes.
        has_background: whether class 0 is the background of the others.
    """
    known = _find_known(tuple(names))
    if known:
        return known
    first = [BACKGROUND] if has_background else []
    return [*first, *map(_pick, range(len(names) - len(first)))]


def _find_known(names: tuple[str, ...]) -> list[Colour]:
    """Return the colours of the data set whose classes have these names; none if none has them."""
    if not names or all(name.isdigit() for name in names):
        return []
    for data_set in sorted(set(KNOWN_SETS.values())):
        if list_trained_classes(data_set) == names:
            labels = load_data_set(data_set).labels
            colours = {one.name: one.colour for one in reversed(labels) if one.colour is not None}
            return [colours.get(name) or _pick(place) for place, name in enumerate(names)]
    return []


def _pick(place: int) -> Colour:
    if place < len(SAFE):
        return SAFE[place]
    light, strength = (0.45, 0.62, 0.78)[place % 3], (0.75, 0.5)[place // 3 % 2]
    red, green, blue = colorsys.hls_to_rgb(place * TURN % 1, light, strength)
    return round(255 * red), round(255 * green), round(255 * blue)
