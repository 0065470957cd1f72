"""Decide whether ids of several images are numbers: each lies in another place in every image.

An organ or a part of a face lies in much the same place in all images of a set. A number that was
given to any object of an image does not. Numbers that were given row by row keep their rows, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.map_samples import Labels

FEWEST_IDS, FEWEST_PLACES = 4, 20
"""Minimum number of ids, and of their places in all images. A few classes may lie anywhere, too,
but hardly ever does each image hold one object of every class."""
LEAST_SPREAD = 0.7
"""Minimum ratio of the variance of the places of one id to that of all places, along the axis where
it is the largest. It is 1 for numbers given at random; ids that keep half of their places have a
half."""


def lie_in_other_places(maps: Sequence[Labels]) -> bool:
    """Return whether each id lies in another place in every image.

    Args:
        maps: the labels of some images. Ids that not all of them hold are left out.
    """
    ids = reduce(np.intersect1d, [labels[labels > 0] for labels in maps])
    if len(maps) < 2 or len(ids) < FEWEST_IDS or len(ids) * len(maps) < FEWEST_PLACES:
        return False
    places = np.stack([_find_places(labels, ids) for labels in maps])
    within = places.var(axis=0, ddof=1).mean(axis=0)
    overall = places.reshape(-1, places.shape[-1]).var(axis=0, ddof=1)
    return bool((within >= LEAST_SPREAD * overall).any())


def _find_places(labels: Labels, ids: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the middle of each id, as a share of each axis; shape (ids, axes)."""
    held = np.isin(labels, ids)
    place = np.searchsorted(ids, labels[held])
    pixels = np.bincount(place)
    sums = [np.bincount(place, weights=along) for along in np.nonzero(held)]
    return np.stack(sums, axis=1) / pixels[:, None] / labels.shape
