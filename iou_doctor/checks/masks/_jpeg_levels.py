"""Mask values that scatter about few others, as JPEG makes them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import mask_labels, predicted_classes
from iou_doctor.checks.masks._stretched import levels, whole_steps

REACH = 8
"""Ringing beside a hard edge: within 8 for 96 % of such pixels at quality 90, 66 % at 75."""
NEAR_SHARE = 0.4
"""Of the pixels that are no mode: 47 % at quality 50; of antialiased edges only 6 to 10 %."""
LEARNT = 0.2
"""From this recall on a model has learnt a value, so it is a class."""
MOST_LEARNT = 0.25
"""Of the values beside the modes: beside 0 and 255, the value 1 meets class 1 by chance."""
MODE_SHARE = 0.01
"""A mode has so many of the pixels, and far more than any value about it."""
FEWEST_EXTRAS = 6
"""Different values beside the modes; class ids do not come in clouds about others."""
MOST_EXTRA = 0.3
"""Share of pixels that are no mode: ringing lives at edges."""
APART = 4 * REACH
"""Modes lie so far from each other that no class lies between them by its id."""
DOMINANCE = 8
"""A mode is so many times as frequent as each value within reach."""


def jpeg_modes(evidence: Evidence) -> list[int]:
    """Return the few values about which all others scatter; none where they do not."""
    counts = {label: count for label, count in mask_labels(evidence).items() if 0 <= label <= 255}
    if len(counts) < FEWEST_EXTRAS + 2:
        return []
    modes = _modes(counts, _expected(evidence))
    extras = {label: count for label, count in counts.items() if label not in modes}
    extra = sum(extras.values())
    if len(modes) < 2 or len(extras) < FEWEST_EXTRAS or extra > MOST_EXTRA * sum(counts.values()):
        return []
    near = {label: n for label, n in extras.items() if _distance(label, modes) <= REACH}
    about_each = all(any(abs(label - mode) <= REACH for label in near) for mode in modes)
    enough = sum(near.values()) >= NEAR_SHARE * extra and len(near) >= FEWEST_EXTRAS
    return modes if about_each and enough and not _learnt(evidence, extras) else []


def nearest_mode(label: int, modes: list[int]) -> int:
    """Return the mode that a value stands for."""
    return min(modes, key=lambda mode: abs(mode - label))


def expected_levels(classes: int) -> dict[int, int]:
    """Return the id of each value that masks of so many classes hold when made visible."""
    return {0: 0, 255: 1} if classes == 2 else levels(classes) | whole_steps(classes)


def _expected(evidence: Evidence) -> frozenset[int]:
    """Return the values that these masks would hold if made visible; none if these are ids."""
    classes = predicted_classes(evidence)
    table = expected_levels(classes)
    return frozenset(table if all(level >= classes for level in table if level) else ())


def _modes(counts: Mapping[int, int], expected: frozenset[int]) -> list[int]:
    """Return the values that outweigh all others within reach, if they lie far apart."""
    modes = [label for label in sorted(counts) if _is_mode(label, counts, expected)]
    return modes if all(two - one >= APART for one, two in pairwise(modes)) else []


def _is_mode(label: int, counts: Mapping[int, int], expected: frozenset[int]) -> bool:
    """Return whether a value outweighs those about it; one that was expected need not by far."""
    about = [
        counts.get(other, 0) for other in range(label - REACH, label + REACH + 1) if other != label
    ]
    total, count = sum(counts.values()), counts[label]
    if count >= MODE_SHARE * total and count >= DOMINANCE * max(about):
        return True
    cloud = count + sum(about)
    return label in expected and cloud >= MODE_SHARE * total and count > max(about)


def _learnt(evidence: Evidence, extras: Mapping[int, int]) -> bool:
    """Return whether the model predicts many of these values where the masks have them."""
    pairs = evidence.pairs.pooled()
    right = pairs.where(pairs.truth == pairs.prediction).truth_counts()
    learnt = [label for label, count in extras.items() if right.get(label, 0) >= LEARNT * count]
    return len(learnt) > MOST_LEARNT * len(extras)


def _distance(label: int, modes: list[int]) -> int:
    return min(abs(label - mode) for mode in modes)
