"""The best pairing of masks with predictions, and whether it is no accident."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.map_stack import Stack, score_pairings
from iou_doctor.record import record

FEW = 10
GAIN = 0.1
"""Mean gain of a sample. Predictions that have nothing to do with the masks gain up to 0.085."""
MUTUAL = 0.5
"""Share of the moved pairs in which each is the other's best; below a half where all is chance."""
FEW_MARGIN = 0.05
"""For few samples: by how much a new partner must beat the next best. Chance gives 0.01."""
CLEAR = 0.1
"""A partner that beats all others by this much is no chance: it gives none in 100 samples."""


@record
class Pairing:
    """The best pairing of the kept samples."""

    partner: NDArray[np.intp]
    """For each mask the prediction that belongs to it."""
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    margin: NDArray[np.float32]
    """By how much the new pair beats the next best of either side."""

    @property
    def moved(self) -> NDArray[np.bool_]:
        moved: NDArray[np.bool_] = self.partner != np.arange(len(self.partner))
        return moved

    @property
    def clear(self) -> NDArray[np.bool_]:
        clear: NDArray[np.bool_] = np.minimum(self.after - self.before, self.margin) > CLEAR
        clear &= self.moved
        return clear


def best_pairing(maps: Stack) -> Pairing:
    """Return which prediction fits each mask best, no prediction twice."""
    from scipy.optimize import linear_sum_assignment

    fit = score_pairings(maps)
    places, partner = linear_sum_assignment(-fit)
    after = fit[places, partner]
    others = fit.copy()
    others[places, partner] = -1
    margin = after - np.maximum(others.max(axis=1), others.max(axis=0)[partner])
    return Pairing(partner, np.diagonal(fit), after, margin)


def is_no_accident(pairing: Pairing) -> bool:
    """Return whether the best pairing is another one, and no accident."""
    if float((pairing.after - pairing.before).mean()) <= GAIN:
        return False
    margins = pairing.margin[pairing.moved]
    if len(pairing.partner) < FEW:
        return float(np.median(margins)) > FEW_MARGIN
    return float((margins > 0).mean()) >= MUTUAL
