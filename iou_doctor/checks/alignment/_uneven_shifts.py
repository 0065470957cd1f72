"""Tell predictions of another scale from predictions that are all shifted by the same.

An image that was scaled down, and padded to the size of the network, gives predictions whose
content is smaller than that of the masks. One shift then fits better than none, but the left half
needs another one than the right half, or the upper half another one than the lower half.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.checks.alignment._shifts import (
    SMALLEST_SIDE,
    Offset,
    ShiftSearch,
    score_offset,
    search_shifts,
)
from iou_doctor.checks.map_stack import Stack

LEAST_DIFFERENCE = 2
"""Minimum number of pixels by which the best shifts of opposite halves differ along their axis. If
all pixels are shifted by the same, they differ by 1 at most."""
FARTHER = 2
"""Pixels beyond the largest shift that was tried, at which a farther one is tried."""
LEAST_GAIN = 0.01
"""What the best shifts of the two halves gain together, at least, over the common one."""


def is_uneven(maps: Stack, shifts: ShiftSearch) -> bool:
    """Return whether opposite halves of the maps are shifted by other numbers of pixels.

    So they are, too, if the best shift lies beyond those that were tried.
    """
    best = shifts.best
    return _is_beyond(maps, shifts) or any(_differ(maps, axis, best) for axis in (0, 1))


def _is_beyond(maps: Stack, shifts: ShiftSearch) -> bool:
    """Return whether a shift beyond all that were tried fits even better."""
    best, reach = shifts.best, max(max(map(abs, offset)) for offset in shifts.areas)
    if max(map(abs, best)) < reach:
        return False
    down, right = (by + int(np.sign(by)) * FARTHER * (abs(by) == reach) for by in best)
    return score_offset(maps, (down, right)) > score_offset(maps, best)


def _differ(maps: Stack, axis: int, common: Offset) -> bool:
    """Return whether the two halves along an axis have other best shifts along it."""
    size = maps.y_true.shape[1 + axis]
    if size < 2 * SMALLEST_SIDE:
        return False
    places, gain = [], 0.0
    for half in (slice(0, size // 2), slice(size - size // 2, size)):
        index = (slice(None), half) if axis == 0 else (slice(None), slice(None), half)
        part = replace(maps, y_true=maps.y_true[index], y_pred=maps.y_pred[index])
        own = search_shifts(part).best
        places.append(own[axis])
        gain += max(score_offset(part, own) - score_offset(part, common), 0.0)
    return abs(places[1] - places[0]) >= LEAST_DIFFERENCE and gain >= LEAST_GAIN
