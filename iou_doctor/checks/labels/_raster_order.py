"""Decide whether labels are numbers that were given to objects row by row.

`scipy.ndimage.label`, `skimage.measure.label` and `cv2.connectedComponents` number the regions of
an image in the order in which their first pixels follow each other. Classes have no such order, at
least not if no two of them touch.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.labels._foreground import are_apart
from iou_doctor.counts.map_samples import InterpretedProbe, LabelMaps, Labels

FEWEST_STEPS = 6
"""Minimum number of steps from one object to the next one, over all images, in one of the arrays.
Seven ids of one image are in order by chance once in 5,040 times, and three ids in each of three
images once in 216."""
LEAST_IN_ORDER = 0.95
"""Minimum share of the steps that lead to a higher number. Chance gives half of them. A few small
objects may be out of order, because others hide their first row."""


def are_in_raster_order(sampled: InterpretedProbe) -> bool:
    """Return whether the labels of both arrays are separate objects, numbered row by row."""
    # maps that were thinned may have lost the first row of an object, and crops may cut it off
    return (
        are_apart(sampled.fine.y_true)
        and are_apart(sampled.fine.y_pred)
        and (_are_in_order(sampled.fine) or _are_in_order(sampled.crops, cut=True))
    )


def _are_in_order(maps: LabelMaps, *, cut: bool = False) -> bool:
    """Return whether the numbers of both arrays rise from each object to the next.

    Args:
        maps: the labels of some images.
        cut: whether objects at the border are left out, because their first pixels may be missing.
    """
    counts = np.array(
        [[_count_steps(labels, cut) for labels in side] for side in (maps.y_true, maps.y_pred)]
    )
    if not counts.size:
        return False  # crops are kept of images, not of volumes
    rising, steps = counts.sum(axis=1).T
    return bool(
        (rising >= LEAST_IN_ORDER * steps).all() and steps.min() > 0 and steps.max() >= FEWEST_STEPS
    )


def _count_steps(labels: Labels, cut: bool) -> tuple[int, int]:
    """Return how many steps from one object to the next lead to a higher number, and how many are.

    Their order is that of their first pixels, row by row.
    """
    ids, first = np.unique(labels, return_index=True)
    is_object = ids > 0
    if cut:
        ends = [labels.take((0, -1), axis=axis).ravel() for axis in range(labels.ndim)]
        is_object &= ~np.isin(ids, np.concatenate(ends))
    numbers = ids[is_object][np.argsort(first[is_object])]
    return int((np.diff(numbers) > 0).sum()), max(0, len(numbers) - 1)
