"""Decide whether labels are numbers that were given to objects row by row.

`scipy.ndimage.label`, `skimage.measure.label` and `cv2.connectedComponents` number the regions of
an image in the order in which their first pixels follow each other. Classes have no such order, at
least not if no two of them touch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.labels._foreground import are_apart
from iou_doctor.counts.map_samples import InterpretedProbe, LabelMaps, Labels

FEWEST_STEPS = 6
"""Minimum number of steps from one object to the next one, over all images, in one of the arrays.
Seven ids of one image are in order by chance once in 5,040 times, and three ids in each of three
images once in 216."""
LEAST_IN_ORDER = 0.95
"""Minimum share of the steps that lead to a higher number. Chance gives half of them. A few small
objects may be out of order, because others hide their first row."""
SHORT = 2**16
"""Smaller labels are looked up in a table."""


def are_in_raster_order(sampled: InterpretedProbe) -> bool:
    """Return whether the labels of both arrays are separate objects, numbered row by row."""
    # maps that were thinned may have lost the first row of an object, and crops may cut it off
    return (
        (_are_in_order(sampled.fine) or _are_in_order(sampled.crops, cut=True))
        and are_apart(sampled.fine.y_true)  # last, because it takes longest and loads SciPy
        and are_apart(sampled.fine.y_pred)
    )


def _are_in_order(maps: LabelMaps, *, cut: bool = False) -> bool:
    """Return whether the numbers of both arrays rise from each object to the next.

    Args:
        maps: the labels of some images.
        cut: whether objects at the border are left out, because their first pixels may be missing.
    """
    true = _count_all_steps(maps.y_true, cut)
    pred = _count_all_steps(maps.y_pred, cut) if true else 0
    return pred > 0 and max(true, pred) >= FEWEST_STEPS


def _count_all_steps(maps: Sequence[Labels], cut: bool) -> int:
    """Return the number of steps from one object to the next; 0 if too many lead downwards."""
    most = sum(int(labels.max()) for labels in maps)  # a map has fewer steps than its largest id
    rising = steps = 0
    for labels in maps:
        here = _count_steps(labels, cut)
        rising, steps = rising + here[0], steps + here[1]
        if steps - rising > (1 - LEAST_IN_ORDER) * most:
            return 0  # whatever the other maps hold: a few maps of classes are enough to see it
    return steps if rising >= LEAST_IN_ORDER * steps else 0


def _count_steps(labels: Labels, cut: bool) -> tuple[int, int]:
    """Return how many steps from one object to the next lead to a higher number, and how many are.

    Their order is that of their first pixels, row by row.
    """
    ids, first = _find_first_pixels(labels)
    is_object = ids > 0
    if cut:
        ends = [labels.take((0, -1), axis=axis).ravel() for axis in range(labels.ndim)]
        is_object &= ~np.isin(ids, np.concatenate(ends))
    numbers = ids[is_object][np.argsort(first[is_object])]
    return int((numbers[1:] > numbers[:-1]).sum()), max(0, len(numbers) - 1)


def _find_first_pixels(labels: Labels) -> tuple[NDArray[np.integer], NDArray[np.intp]]:
    """Return the labels of a map, ascending, and the flat index of the first pixel of each.

    Labels below 0 may be returned as 0.
    """
    if labels.max() >= SHORT:
        return np.unique(labels, return_index=True)
    flat = np.maximum(labels, 0).ravel()
    first = np.full(int(flat.max()) + 1, flat.size)
    # from the last pixel to the first one, which stays: much quicker than sorting the labels
    first[flat[::-1]] = np.arange(flat.size)[::-1]
    ids = np.flatnonzero(first < flat.size)
    return ids, first[ids]
