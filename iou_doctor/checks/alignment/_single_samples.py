"""Tell a single sample that is misplaced from one on which the model has failed.

A prediction that has nothing to do with its mask fits it better in some other place, too. How well
it does so by chance, the other samples show: their predictions have nothing to do with this mask
either.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iou_doctor.checks.map_stack import Stack

MOST_OTHERS = 8
"""Maximum number of other samples that show what fits by chance."""
LEAST_CHANCE_LEAD = 0.1
"""Minimum lead of a sample in its place over all that fits by chance. None of 4,200 failed samples
led by as much in its best orientation."""


def fit_by_chance(maps: Stack, sample: int, fit: Callable[[Stack], float]) -> float:
    """Return the best score of this mask with other predictions, and of other masks with this one.

    Args:
        maps: the label maps.
        sample: the place of the sample among them.
        fit: returns the best score of one mask and one prediction in any place.
    """
    others = np.delete(np.arange(len(maps)), sample)
    some = others[np.linspace(0, len(others) - 1, min(len(others), MOST_OTHERS)).astype(int)]
    pairs = [(sample, int(other)) for other in some] + [(int(other), sample) for other in some]
    return max(
        fit(Stack(maps.samples[:1], maps.y_true[[true]], maps.y_pred[[pred]], maps.classes))
        for true, pred in pairs
    )
