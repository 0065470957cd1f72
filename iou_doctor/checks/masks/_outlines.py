"""Whether a label has no body of its own: thin lines round something else, as void borders are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence

Mask = NDArray[np.bool_]

WIDEST = 7
"""Pixels across. The void borders of PASCAL VOC have five, and cross each other here and there."""
LEAST_INSIDE = 1.0
"""Of the lines' own pixels: what they enclose. Vessels and cracks enclose next to nothing."""
FOLLOWED = 2.0
"""Thin objects are predicted as objects this many times as often as what they enclose."""


def is_outline(evidence: Evidence, label: int) -> bool:
    """Return whether the truth label only outlines other things, and predictions do not follow it.

    Looked at where pixels are kept at full resolution; without such, no.
    """
    if evidence.sampled is None:
        return False
    crops = evidence.sampled.crops
    lines = [labels == label for labels in crops.y_true]
    if not any(line.any() for line in lines) or not all(_is_thin(line) for line in lines):
        return False
    inside = [_filled(line) & ~line for line in lines]
    if _count(inside) < LEAST_INSIDE * _count(lines):
        return False
    objects = [labels == 1 for labels in crops.y_pred]
    return _share(objects, lines) <= FOLLOWED * _share(objects, inside)


def _is_thin(line: Mask) -> bool:
    from scipy import ndimage

    window = np.ones((WIDEST, WIDEST), dtype=bool)
    return not ndimage.binary_erosion(line, window, border_value=1).any()


def _filled(line: Mask) -> Mask:
    from scipy import ndimage

    filled: Mask = ndimage.binary_fill_holes(line)
    return filled


def _count(masks: Sequence[Mask]) -> int:
    return sum(int(mask.sum()) for mask in masks)


def _share(masks: Sequence[Mask], within: Sequence[Mask]) -> float:
    both = [mask & where for mask, where in zip(masks, within, strict=True)]
    return _count(both) / _count(within)
