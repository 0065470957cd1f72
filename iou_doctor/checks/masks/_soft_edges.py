"""Tell masks that were resized with interpolation from masks that went through JPEG.

Both leave values near the frequent ones. Interpolation spreads each edge over several pixels, so
that hardly any step between neighbours is as large as the difference of the two areas. JPEG leaves
nearly all of them as large, unless its quality is so low that its blocks show.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.jpeg_files import are_jpeg_files
from iou_doctor.checks.masks._jpeg_blocks import has_jpeg_blocks
from iou_doctor.counts.map_samples import NO_LABEL, Labels

FULL_STEP = 0.85
"""Size of a step that is as large as the difference of the areas, as a share of it."""
LARGEST_SHARE = 0.4
"""Maximum share of such steps at soft edges. Of two levels, interpolation leaves 0 to 0.21, and of
three up to 0.46. JPEG leaves 0.7 and more unless its blocks show, and 0.44 at a quality of 30."""
FEWEST_STEPS = 100
"""Minimum number of steps between two levels. Fewer do not show how soft the edges are."""


def were_resized(evidence: Evidence, levels: Sequence[int]) -> bool:
    """Return whether a resize, and not JPEG, has scattered the mask values around these levels."""
    if evidence.sampled is None or are_jpeg_files(evidence.pair.y_true):
        return False
    ignored = evidence.interpretation.ignore_index
    maps = evidence.sampled.crops.y_true
    if ignored is not None:
        maps = tuple(np.where(values == ignored, np.int32(NO_LABEL), values) for values in maps)
    return have_soft_edges(maps, levels)


def have_soft_edges(maps: Sequence[Labels], levels: Sequence[int]) -> bool:
    """Return whether the edges between the levels are soft, and no blocks show.

    Args:
        maps: label maps, shape (height, width), of labels from 0 to 255 and NO_LABEL.
        levels: the frequent values, in ascending order.
    """
    steps = [_measure_steps(values, levels) for values in maps]
    steps += [_measure_steps(values.T, levels) for values in maps]
    sizes = np.concatenate([np.zeros(0), *steps])
    if len(sizes) < FEWEST_STEPS or (sizes >= FULL_STEP).mean() > LARGEST_SHARE:
        return False
    return not has_jpeg_blocks(maps)


def _measure_steps(values: Labels, levels: Sequence[int]) -> NDArray[np.float64]:
    """Return the size of each step along the columns, as a share of that between its levels."""
    places = np.array(levels)
    middles = (places[1:] + places[:-1]) / 2
    nearest = places[np.searchsorted(middles, values)]
    distance = np.abs(np.diff(nearest, axis=0))
    known = values != NO_LABEL
    crosses = (distance > 0) & known[1:] & known[:-1]
    steps: NDArray[np.float64] = np.abs(np.diff(values, axis=0))[crosses] / distance[crosses]
    return steps
