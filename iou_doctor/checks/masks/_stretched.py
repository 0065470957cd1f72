"""Class ids stretched over 0..255."""

from __future__ import annotations

from collections.abc import Iterable

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import (
    by_chance,
    mask_labels,
    outside_classes,
    predicted_classes,
)
from iou_doctor.checks.unknown_labels import VOID_LABELS

LEAST_LEVELS = 3
"""Two levels are 0 and 255: see masks-0-255."""
LEAST_STEP = 2
LEAST_IMAGES = 3
"""Two images that both end at 255 may do so by chance or by a void label."""


def levels(classes: int) -> dict[int, int]:
    """Return the id of each grey value k · 255 / (classes - 1), rounded or cut."""
    if classes < LEAST_LEVELS or 255 // (classes - 1) < LEAST_STEP:
        return {}
    last = classes - 1
    cut = {k * 255 // last: k for k in range(classes)}
    return cut | {(2 * k * 255 + last) // (2 * last): k for k in range(classes)}


def whole_steps(classes: int) -> dict[int, int]:
    """Return the same for the step 255 // (classes - 1)."""
    return {k * (255 // (classes - 1)): k for k in range(classes)} if levels(classes) else {}


def stretched(evidence: Evidence) -> dict[int, int] | None:
    """Return the id of each mask value where all values are one stretch of ids."""
    labels = mask_labels(evidence)
    distinct = [label for label in labels if label not in VOID_LABELS]
    for classes in dict.fromkeys((predicted_classes(evidence), len(labels))):
        for table in (levels(classes), whole_steps(classes)):
            if _is_stretch(evidence, labels, distinct, table):
                return {label: table[label] for label in labels if label in table}
    return None


def _is_stretch(
    evidence: Evidence, labels: Iterable[int], distinct: list[int], table: dict[int, int]
) -> bool:
    seen = [label for label in labels if label in table]
    return (
        len(seen) >= LEAST_LEVELS
        and set(distinct) <= set(table)
        and outside_classes(evidence, seen)
        and not by_chance(seen, len(table))
    )


def stretched_by_image(evidence: Evidence) -> int:
    """Return the number of images stretched each on its own, 0 where that is not so."""
    labels = set(mask_labels(evidence))
    if 255 not in labels or not outside_classes(evidence, labels):
        return 0
    pairs = evidence.pairs
    images: dict[int, set[int]] = {}
    for block in pairs.blocks():
        for image, label in zip(block.image.tolist(), block.truth.tolist(), strict=True):
            images.setdefault(image, set()).add(label)
    shown = [found - {0} for found in images.values() if found - {0}]
    if len(shown) < LEAST_IMAGES or any(max(found) != 255 for found in shown):
        return 0
    classes = predicted_classes(evidence)
    kinds = {_classes_of(found, classes) for found in shown}
    if None in kinds or len(kinds - {2}) < 2:
        return 0
    return len(shown)


def _classes_of(found: set[int], most: int) -> int | None:
    """Return the fewest classes whose stretch holds these values."""
    if found == {255}:
        return 2
    for classes in range(LEAST_LEVELS, most + 1):
        if found <= set(levels(classes)):
            return classes
    return None
