"""The few frequent values around which all other mask values scatter after JPEG compression."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import count_mask_labels, infer_num_classes
from iou_doctor.checks.masks._stretched import map_even_levels, map_whole_steps
from iou_doctor.checks.seams import list_learnt_labels

LEVEL_REACH = 8
"""Distance from a level within which values count as its noise. JPEG changes 96 % of the pixels
beside a hard edge by at most 8 at quality 90, and 66 % of them at quality 75."""
LEAST_NEAR_SHARE = 0.4
"""Share of the pixels with other values that must lie within reach of a level, direct neighbours of
levels aside. It is 47 % at quality 50, but only 6 to 10 % for antialiased edges."""
LARGEST_LEARNT_SHARE = 0.25
"""Share of the other values that the model may have learnt. More of them are classes; a few agree
by chance, as the value 1 near level 0 does with class 1."""
LEAST_LEVEL_SHARE = 0.01
"""Share of all pixels that a level must have."""
FEWEST_OTHERS = 6
"""Minimum number of different values beside the levels. Class ids do not come in clouds around
other ids.
"""
LARGEST_OTHER_SHARE = 0.3
"""Share of all pixels that may have other values: JPEG changes pixels near edges only."""
LEAST_DISTANCE = 4 * LEVEL_REACH
"""Minimum distance between two levels, which keeps their clouds apart. Class ids lie closer."""
DOMINANCE = 8
"""How many times as frequent as each other value within reach a level must be."""


def find_jpeg_levels(evidence: Evidence) -> list[int]:
    """Return the few values around which all others scatter, or nothing if there are none."""
    counts = {
        label: count for label, count in count_mask_labels(evidence).items() if 0 <= label <= 255
    }
    if len(counts) < FEWEST_OTHERS + 2:
        return []
    levels = _find_levels(counts, _list_expected_levels(evidence))
    others = {label: count for label, count in counts.items() if label not in levels}
    pixels = sum(others.values())
    if len(levels) < 2 or len(others) < FEWEST_OTHERS:
        return []
    if pixels > LARGEST_OTHER_SHARE * sum(counts.values()):
        return []
    distances = {label: abs(label - find_nearest_level(label, levels)) for label in others}
    near = {label: others[label] for label in others if distances[label] <= LEVEL_REACH}
    # 254 beside 255 may as well be 254.99, cut off after a map was turned or resized
    truncated = sum(count for label, count in others.items() if distances[label] == 1)
    around_each = all(any(abs(label - level) <= LEVEL_REACH for label in near) for level in levels)
    share = (sum(near.values()) - truncated) / max(1, pixels - truncated)
    enough = share >= LEAST_NEAR_SHARE and len(near) >= FEWEST_OTHERS
    return levels if around_each and enough and not _has_learnt(evidence, others) else []


def find_nearest_level(label: int, levels: list[int]) -> int:
    """Return the level nearest to a value; of two equally near ones, the smaller."""
    return min(levels, key=lambda level: abs(level - label))


def map_visible_levels(classes: int) -> dict[int, int]:
    """Return the class id of each value of masks that were stretched over 0..255 to be visible."""
    return {0: 0, 255: 1} if classes == 2 else map_even_levels(classes) | map_whole_steps(classes)


def _list_expected_levels(evidence: Evidence) -> frozenset[int]:
    """Return the values that these masks would hold if stretched, unless some are class ids."""
    classes = infer_num_classes(evidence)
    table = map_visible_levels(classes)
    return frozenset(table if all(level >= classes for level in table if level) else ())


def _find_levels(counts: Mapping[int, int], expected: frozenset[int]) -> list[int]:
    """Return the values that dominate all others within reach, if they lie far apart."""
    levels = [label for label in sorted(counts) if _is_level(label, counts, expected)]
    return levels if all(two - one >= LEAST_DISTANCE for one, two in pairwise(levels)) else []


def _is_level(label: int, counts: Mapping[int, int], expected: frozenset[int]) -> bool:
    """Return whether a value dominates those around it. An expected one need only be the largest.

    In thin objects JPEG changes so many pixels that no single value dominates.
    """
    around = [
        counts.get(other, 0)
        for other in range(label - LEVEL_REACH, label + LEVEL_REACH + 1)
        if other != label
    ]
    total, count = sum(counts.values()), counts[label]
    if count >= LEAST_LEVEL_SHARE * total and count >= DOMINANCE * max(around):
        return True
    cloud = count + sum(around)
    return label in expected and cloud >= LEAST_LEVEL_SHARE * total and count > max(around)


def _has_learnt(evidence: Evidence, others: Mapping[int, int]) -> bool:
    """Return whether the model predicts many of these values where the masks have them."""
    return len(list_learnt_labels(evidence, others)) > LARGEST_LEARNT_SHARE * len(others)
