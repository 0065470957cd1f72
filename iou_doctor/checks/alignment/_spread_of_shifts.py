"""How much evidence there is that maps are shifted, and not single objects drawn a little aside.

A model draws many an object a little aside, each in its own way. A shift of the map moves all of
its contours by the same, in all samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._shifts import Offset
from iou_doctor.checks.map_stack import Ids, Stack

PARTS = 3
"""Number of parts of a map along each axis, in which contours are looked for."""
FEWEST_PARTS, FEWEST_EDGES = 6, 8
"""Minimum number of parts that fit better after the shift, and of the pixels at contours in each. A
small object lies in up to four parts, and a large one that is a third of the image wide in five."""
FEWEST_OBJECTS, LEAST_SHARE, FEWEST_PIXELS = 3, 2 / 3, 12
"""Or the minimum number and share of the separate objects that fit better, and of their pixels."""
SMALL = 2
"""The largest shift, in pixels along an axis, that may be common by chance: few objects lie farther
aside, and hardly ever most of them alike."""
LEAST_RATIO = 4.0
"""Minimum ratio of the mean shift of the samples to its standard error. Objects that each lie a
pixel or two aside have a common shift of up to 3 of these by chance, one or two in a thousand
times."""


def has_many_contours(pair: Stack, offset: Offset) -> bool:
    """Return whether many contours or objects of a single sample fit better after a shift."""
    true, given = pair.y_true[0], pair.y_pred[0]
    moved = np.roll(given, offset, (0, 1))
    counts = true < pair.classes
    gain = ((moved == true) & counts).astype(np.int32) - ((given == true) & counts)
    gains, edges = _add_up_parts(gain), _add_up_parts(_find_edges(true).astype(np.int32))
    parts = int(((gains > 0) & (edges >= FEWEST_EDGES)).sum())
    return parts >= FEWEST_PARTS or _have_many_objects_moved(true, gain)


def _have_many_objects_moved(true: Ids, gain: NDArray[np.int32]) -> bool:
    """Return whether most of several objects have more hits after the shift."""
    from scipy import ndimage

    objects, number = ndimage.label(true != np.bincount(true.ravel()).argmax())
    sizes = np.bincount(objects.ravel(), minlength=number + 1)[1:]
    gains = np.bincount(objects.ravel(), gain.ravel(), number + 1)[1:]
    large = sizes >= FEWEST_PIXELS
    better = int((gains[large] > 0).sum())
    return better >= max(FEWEST_OBJECTS, LEAST_SHARE * int(large.sum()))


def _find_edges(labels: Ids) -> NDArray[np.bool_]:
    edges = np.zeros(labels.shape, dtype=bool)
    edges[1:] |= labels[1:] != labels[:-1]
    edges[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    return edges


def _add_up_parts(values: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the sum of each part of a map, shape (PARTS, PARTS)."""
    starts = [np.arange(PARTS) * size // PARTS for size in values.shape]
    rows = np.add.reduceat(values, starts[0], axis=0, dtype=np.int64)
    parts: NDArray[np.int64] = np.add.reduceat(rows, starts[1], axis=1)
    return parts


def may_be_chance(own: NDArray[np.int64], common: Offset) -> bool:
    """Return whether samples that are shifted each in its own way may have this shift in common.

    Args:
        own: the best shift of each sample alone, shape (n, 2).
        common: the best shift of all together.
    """
    if max(map(abs, common)) > SMALL:
        return False
    axis = int(np.argmax(np.abs(common)))
    along = own[:, axis] * np.sign(common[axis])
    error = float(along.std(ddof=1)) / len(along) ** 0.5
    return bool(along.mean() < LEAST_RATIO * error)
