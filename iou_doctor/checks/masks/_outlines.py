"""Tell whether a label only forms thin lines around other regions, as void borders do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.seams import spread_extremes

Mask = NDArray[np.bool_]

LEAST_BODY_WIDTH = 7
"""Width in pixels from which a region is not an outline. The void borders of PASCAL VOC are 5
pixels wide and somewhat wider where they cross.
"""
LEAST_ENCLOSED = 1.0
"""Minimum area that outlines enclose, as a multiple of their own area. Thin objects such as vessels
and cracks enclose next to nothing."""
LARGEST_PREFERENCE = 2.0
"""How many times as often the predictions may be foreground on the lines as in what they enclose.
Thin objects are predicted more often than that."""


def is_outline(evidence: Evidence, label: int) -> bool:
    """Return whether a truth label only outlines other regions and is not predicted as an object.

    This needs label maps at full resolution; without them, no label counts as an outline.
    """
    if evidence.sampled is None:
        return False
    crops = evidence.sampled.crops
    lines = [labels == label for labels in crops.y_true]
    if not any(line.any() for line in lines) or not all(_is_thin(line) for line in lines):
        return False
    inside = [_fill_holes(line) & ~line for line in lines]
    if _count_pixels(inside) < LEAST_ENCLOSED * _count_pixels(lines):
        return False
    objects = [labels == 1 for labels in crops.y_pred]
    on_lines, enclosed = _compute_share(objects, lines), _compute_share(objects, inside)
    return on_lines <= LARGEST_PREFERENCE * enclosed


def _is_thin(line: Mask) -> bool:
    return not spread_extremes(line, np.minimum, LEAST_BODY_WIDTH // 2).any()


def _fill_holes(line: Mask) -> Mask:
    from scipy import ndimage

    filled: Mask = ndimage.binary_fill_holes(line)
    return filled


def _count_pixels(masks: Sequence[Mask]) -> int:
    return sum(int(mask.sum()) for mask in masks)


def _compute_share(masks: Sequence[Mask], regions: Sequence[Mask]) -> float:
    """Return the share of the regions that the masks cover."""
    covered = [mask & region for mask, region in zip(masks, regions, strict=True)]
    return _count_pixels(covered) / _count_pixels(regions)
