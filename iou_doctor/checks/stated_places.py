"""What it takes to believe how predictions and masks lie to each other, as their files state it."""

import numpy as np

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.orientations import Fits

LEAST_STATED_GAIN = 0.02
"""A move that the files state must gain this much in mean IoU. The places on the map may be wrong.
Another turn may fit better by as much."""
STATED = "the places on the map in the files of predictions and masks say so as well"
STATED_BY_AFFINES = "the affines in the files of predictions and masks say so as well"
_SAMPLE = np.arange(4, dtype=np.uint8).reshape(1, 2, 2)
"""A map that each turn changes into another one."""


def find_stated_turn(evidence: Evidence, fits: Fits) -> int:
    """Return the turn that the files state, if the predictions fit better after it; otherwise 0.

    No other turn may fit clearly better.

    Args:
        evidence: the facts.
        fits: the scores of images, whose height and width are in order already if they differ.
    """
    stated = evidence.pair.stated_turn
    if stated is None or len(stated.order) != 2:
        return 0
    is_in_order = evidence.interpretation.layout.relation is Relation.SWAPPED
    turned = _SAMPLE if is_in_order or stated.order == (0, 1) else _SAMPLE.swapaxes(1, 2)
    wanted = np.flip(turned, tuple(axis + 1 for axis in stated.flipped))
    effects = (np.array_equal(turn(_SAMPLE), wanted) for turn in fits.turns)
    index = next((number for number, effect in enumerate(effects) if effect), 0)
    score = fits.pooled[index]
    is_better = score >= fits.pooled[0] + LEAST_STATED_GAIN
    return index if is_better and score >= fits.pooled.max() - LEAST_STATED_GAIN else 0
