"""Colours that a resize with interpolation mixed along the edges of a few others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.colours import get_axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.palette import LEAST_COLOUR_SHARE, Palette, choose_palette
from iou_doctor.counts.label_decoding import decode_colour
from iou_doctor.record import record
from iou_doctor.repairs.step import Side

Colours = NDArray[np.int64]
"""Red, green and blue, shape (colours, 3)."""

LEAST_PURE_SHARE = 0.5
"""Minimum share of the pixels that have a pure colour. Interpolation mixes edges only."""
ALWAYS_PURE_SHARE = 0.02
"""Share of the pixels from which a colour is pure although it lies between two others."""
MOST_MORE_THAN_CLASSES = 2
"""By how many the pure colours may exceed the predicted classes. Objects have more colours."""
FEWEST_MIXED = 12
"""Minimum number of mixed colours."""
LEAST_MIXED_SHARE = 0.75
"""Minimum share of the other pixels that have a mixture of two pure colours. Where three classes
meet, all three are mixed."""
LEAST_TELLING_SHARE = 0.3
"""Minimum share of them whose two colours differ in two channels by SMALLEST_STEP or more. In one
channel, the numbers of objects lie between each other, too."""
SMALLEST_STEP = 8
TOLERANCE = 1.5
"""Largest distance of a mixture to the line between its two colours, from rounding."""


@record
class MixedColours:
    """Colours of which all but a few are mixtures of two of these few."""

    pure: Palette
    """The ids of these few."""
    palette: Palette
    """The ids of all colours: that of the nearest pure colour."""


def find_mixed_colours(evidence: Evidence, counts: Mapping[int, int]) -> MixedColours | None:
    """Return the pure colours of the masks and their mixtures; `None` if there are no mixtures.

    Args:
        evidence: the facts.
        counts: the number of pixels of each colour of the masks.
    """
    if get_axes(evidence, Side.PREDICTIONS).is_colour:
        return None
    pure = find_pure_colours(counts, classes=len(evidence.pairs.count_predictions()))
    if not pure:
        return None
    palette = choose_palette(evidence, {code: counts[code] for code in pure})
    if palette is None:
        return None
    ends, codes = _decode(pure), list(counts)
    distances = np.abs(_decode(codes)[:, np.newaxis] - ends).sum(axis=2)
    nearest = [pure[place] for place in distances.argmin(axis=1).tolist()]
    ids = {end: palette.ids.get(end, palette.void) for end in pure}
    nearest_ids = {code: ids[end] for code, end in zip(codes, nearest, strict=True)}
    return MixedColours(replace(palette, ids=ids), replace(palette, ids=nearest_ids))


def find_pure_colours(counts: Mapping[int, int], *, classes: int) -> list[int]:
    """Return the codes of the pure colours, commonest first; none if the others are no mixtures.

    Args:
        counts: the number of pixels of each colour.
        classes: the number of classes in the predictions.
    """
    total, pure = sum(counts.values()), list[int]()
    for code in sorted(counts, key=lambda code: -counts[code]):
        if counts[code] < LEAST_COLOUR_SHARE * total:
            break
        if counts[code] >= ALWAYS_PURE_SHARE * total or not _find_mixed([code], pure).any():
            pure.append(code)
        if len(pure) > classes + MOST_MORE_THAN_CLASSES:
            return []
    others = [code for code in counts if code not in pure]
    pixels = np.array([counts[code] for code in others])
    if len(others) < FEWEST_MIXED or pixels.sum() > (1 - LEAST_PURE_SHARE) * total:
        return []
    mixed, telling = _find_mixed(others, pure)
    is_mixed = pixels[mixed].sum() >= LEAST_MIXED_SHARE * pixels.sum()
    return pure if is_mixed and pixels[telling].sum() >= LEAST_TELLING_SHARE * pixels.sum() else []


def _find_mixed(codes: list[int], pure: list[int]) -> NDArray[np.bool_]:
    """Return which colours lie between two pure ones, and between two of several channels.

    The result has the shape (2, codes).
    """
    colours, ends = _decode(codes), _decode(pure)
    found = np.zeros((2, len(codes)), dtype=bool)
    for place, start in enumerate(ends):
        for end in ends[:place]:
            way = end - start
            part = ((colours - start) @ way) / (way @ way)
            off = np.abs(colours - start - part[:, np.newaxis] * way).max(axis=1)
            between = (part > 0) & (part < 1) & (off <= TOLERANCE)
            found |= [between, between & ((np.abs(way) >= SMALLEST_STEP).sum() > 1)]
    return found


def _decode(codes: list[int]) -> Colours:
    return np.array([decode_colour(code) for code in codes], dtype=np.int64).reshape(-1, 3)
