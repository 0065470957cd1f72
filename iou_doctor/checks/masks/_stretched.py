"""Class ids stretched over 0..255 so that people can see them."""

from __future__ import annotations

from collections.abc import Iterable

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import (
    are_outside_classes,
    count_mask_labels,
    infer_num_classes,
    may_fit_by_chance,
)

FEWEST_LEVELS = 3
"""Minimum number of different values of a stretch. Two values are 0 and 255, which masks-0-255
reports.
"""
LEAST_ID_STEP = 2
"""Minimum distance between two values. A step of 1 leaves the ids as they are."""
FEWEST_STRETCHED_IMAGES = 3
"""Minimum number of images that show that each was stretched on its own. Two images may both end at
255 by chance or because of a void label.
"""


def map_even_levels(classes: int) -> dict[int, int]:
    """Return the id k of each value k · 255 / (classes - 1), rounded or truncated."""
    if classes < FEWEST_LEVELS or 255 // (classes - 1) < LEAST_ID_STEP:
        return {}
    last = classes - 1
    truncated = {k * 255 // last: k for k in range(classes)}
    return truncated | {(2 * k * 255 + last) // (2 * last): k for k in range(classes)}


def map_whole_steps(classes: int) -> dict[int, int]:
    """Return the id k of each value k · step, with step = 255 // (classes - 1)."""
    if classes < FEWEST_LEVELS or 255 // (classes - 1) < LEAST_ID_STEP:
        return {}
    step = 255 // (classes - 1)
    return {k * step: k for k in range(classes)}


def find_stretched_ids(evidence: Evidence) -> dict[int, int] | None:
    """Return the id of each mask value if all values but void ones are stretched ids."""
    labels = count_mask_labels(evidence)
    if 255 in labels:
        from iou_doctor.checks.masks._value_between import find_value_between  # seldom needed

        if find_value_between(evidence) is not None:
            return None
    for classes in dict.fromkeys((infer_num_classes(evidence), len(labels))):
        for table in (map_even_levels(classes), map_whole_steps(classes)):
            if _is_stretch(evidence, labels, table):
                return {label: table[label] for label in labels if label in table}
    return None


def _is_stretch(evidence: Evidence, labels: Iterable[int], table: dict[int, int]) -> bool:
    """Return whether the labels are the stretched ids of this table, and none of them a class."""
    known = [label for label in labels if label in table]
    return (
        len(known) >= FEWEST_LEVELS
        and set(labels) - set(VOID_LABELS) <= set(table)
        and are_outside_classes(evidence, known)
        and not may_fit_by_chance(known, len(table))
    )


def count_images_stretched_alone(evidence: Evidence) -> int:
    """Return the number of images if each was stretched on its own, and 0 if not.

    Images without any label but 0 are not counted.
    """
    labels = set(count_mask_labels(evidence))
    if 255 not in labels or not are_outside_classes(evidence, labels):
        return 0
    images = [nonzero for nonzero in _list_nonzero_labels(evidence) if nonzero]
    if len(images) < FEWEST_STRETCHED_IMAGES or any(max(nonzero) != 255 for nonzero in images):
        return 0
    most = infer_num_classes(evidence)
    numbers = {_infer_stretched_classes(nonzero, most) for nonzero in images}
    return 0 if None in numbers or len(numbers - {2}) < 2 else len(images)


def _list_nonzero_labels(evidence: Evidence) -> list[set[int]]:
    """Return the truth labels other than 0 of each image."""
    images: dict[int, set[int]] = {}
    for block in evidence.pairs.iterate_blocks():
        for image, label in zip(block.image.tolist(), block.truth.tolist(), strict=True):
            images.setdefault(image, set()).add(label)
    return [labels - {0} for labels in images.values()]


def _infer_stretched_classes(nonzero: set[int], most: int) -> int | None:
    """Return the smallest number of classes, up to `most`, whose stretch has these values."""
    if nonzero == {255}:
        return 2
    for classes in range(FEWEST_LEVELS, most + 1):
        if nonzero <= set(map_even_levels(classes)):
            return classes
    return None
