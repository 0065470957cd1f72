"""Tell a single sample that is misplaced from one on which the model has failed.

A prediction that has nothing to do with its mask fits it better in some other place, too. How well
it does so by chance, the other samples show: their predictions have nothing to do with this mask
either.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._sample_tables import find_usual_score
from iou_doctor.checks.map_stack import Scores, Stack
from iou_doctor.record import record

LEAST_USUAL = 0.4
"""Minimum of the usual score. In a weak model, single samples fit other places by chance."""
MOST_GIVEN, LEAST_QUALITY = 0.7, 0.75
"""A misplaced sample scores at most MOST_GIVEN of the usual score as given, and at least
LEAST_QUALITY of it in its place."""
FEWEST_GOOD = 3
"""Minimum number of samples that score about as usual."""
MOST_POOR = 16
"""Maximum number of samples that are examined one by one."""
MOST_OTHERS = 8
"""Maximum number of other samples that show what fits by chance."""
LEAST_CHANCE_LEAD = 0.1
"""Minimum lead of a sample in its place over all that fits by chance. None of 4,200 failed samples
led by as much in its best orientation."""


@record
class Suspects:
    """Samples that score far less than the others."""

    usual: float
    """What a sample without a fault scores."""
    poor: tuple[int, ...]
    """The places of the suspects among the maps, in order."""

    def are_restored(self, scores: Scores) -> NDArray[np.bool_]:
        """Return which scores are about as usual."""
        restored: NDArray[np.bool_] = scores >= LEAST_QUALITY * self.usual
        return restored


def find_suspects(
    given: Scores, tells: NDArray[np.bool_] | None = None, *, most: float = MOST_GIVEN
) -> Suspects | None:
    """Return the samples that score far less than the others; `None` if there are none.

    Args:
        given: the mean IoU of each sample, shape (n,).
        tells: which samples can tell, shape (n,): not those that are empty. `None` means all.
        most: the share of the usual score up to which a sample is suspect.
    """
    told = given if tells is None else given[tells]
    if not len(told):
        return None
    usual = find_usual_score(told)
    is_poor = given <= most * usual
    poor = np.flatnonzero(is_poor if tells is None else is_poor & tells)
    good = int((told >= LEAST_QUALITY * usual).sum())
    if usual < LEAST_USUAL or not len(poor) or good < max(FEWEST_GOOD, len(poor)):
        return None
    return Suspects(usual, tuple(poor[:MOST_POOR].tolist()))


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
