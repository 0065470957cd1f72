"""The best pairing of masks with predictions, and whether it could be chance."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.assignment import assign
from iou_doctor.checks.map_stack import Stack, score_pairings
from iou_doctor.record import record

FEW_PAIRED_SAMPLES = 10
"""Below this number of samples, the share of mutual pairs says little and margins decide."""
LEAST_PAIRING_GAIN = 0.1
"""Minimum mean gain of a sample. Predictions that are unrelated to the masks gain up to 0.085."""
LARGEST_CHANCE_GAIN = 0.2
"""With a larger mean gain, the pairs need no margins: neighbouring slices fit nearly as well."""
LEAST_MUTUAL = 0.5
"""Minimum share of the moved pairs in which each map is the other's best fit. Chance gives less
than half.
"""
LEAST_MARGIN_OF_FEW = 0.05
"""For few samples, the least margin of a new partner over the next best. Chance gives 0.01."""
CLEAR_MARGIN = 0.1
"""A new partner with a larger margin and gain than this is not chance: in 100 samples, chance gives
none."""

TRIED_OFFSETS = (1, -1, 2, 3, 5, 8, 13, 21, 34)
"""Offsets of the quick test. A sample that is in its place fits better than at any of them. In a
video, that of the next frame differs from that of the one before."""
FEWEST_ALIKE, LEAST_ALIKE_SHARE, LEAST_ALIKE_GAIN = 8, 0.8, 0.03
"""Minimum number and share of the samples that have moved by the same number of places, and their
least mean gain, if the frames of a video differ so little that the mean gain of all is small."""
LEAST_SUSPECT_SHARE = 0.1
"""Minimum share of the samples that fit better at one of these offsets. With fewer, the costly
comparison of all pairs is not made."""
MOST_MULTIPLICATIONS = 5e9
"""Maximum number of multiplications to compare all pairs, which takes a fifth of a second."""


@record
class SamplePairing:
    """The best pairing of the kept samples."""

    partner: NDArray[np.intp]
    """For each mask, the index of the prediction that fits it best, no prediction twice."""
    before: NDArray[np.float32]
    """Mean IoU of each mask with the prediction at its own place."""
    after: NDArray[np.float32]
    """Mean IoU of each mask with its partner."""
    margin: NDArray[np.float32]
    """How far the new pair exceeds the next best pair of its mask or its prediction."""

    @property
    def moved(self) -> NDArray[np.bool_]:
        """Which masks have their partner at another place."""
        moved: NDArray[np.bool_] = self.partner != np.arange(len(self.partner))
        return moved

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Which masks have a partner at another place that is beyond doubt."""
        clear: NDArray[np.bool_] = np.minimum(self.after - self.before, self.margin) > CLEAR_MARGIN
        clear &= self.moved
        return clear


def find_best_pairing(maps: Stack) -> SamplePairing:
    """Find the one-to-one pairing of masks with predictions that fits best."""
    fit = score_pairings(maps)
    places, partner = assign(fit)
    after = fit[places, partner]
    others = fit.copy()
    others[places, partner] = -1
    margin = after - np.maximum(others.max(axis=1), others.max(axis=0)[partner])
    return SamplePairing(partner, np.diagonal(fit), after, margin)


def is_significant(pairing: SamplePairing) -> bool:
    """Return whether the best pairing differs from the given one by more than chance allows."""
    gain = float((pairing.after - pairing.before).mean())
    if gain <= LEAST_PAIRING_GAIN:
        return _have_moved_alike(pairing)
    margins = pairing.margin[pairing.moved]
    if len(pairing.partner) < FEW_PAIRED_SAMPLES:
        return float(np.median(margins)) > LEAST_MARGIN_OF_FEW
    return gain > LARGEST_CHANCE_GAIN or float((margins > 0).mean()) >= LEAST_MUTUAL


def _have_moved_alike(pairing: SamplePairing) -> bool:
    """Return whether nearly all samples fit better by the same few places away.

    Of samples that were predicted twice, the first half fits the predictions of the second one.
    """
    step, count = find_common_step(pairing)
    samples = len(pairing.partner)
    if not step or count < max(FEWEST_ALIKE, LEAST_ALIKE_SHARE * (samples - abs(step))):
        return False
    if 2 * abs(step) >= samples:
        return False
    gains = pairing.after - pairing.before
    moved = gains[pairing.partner - np.arange(samples) == step]
    return bool(gains.mean() > LEAST_ALIKE_GAIN and (moved > 0).mean() >= LEAST_ALIKE_SHARE)


def find_common_step(pairing: SamplePairing) -> tuple[int, int]:
    """Return by how many places most samples have moved, and how many have."""
    steps = (pairing.partner - np.arange(len(pairing.partner))).tolist()
    return Counter(steps).most_common(1)[0]


def is_suspect(maps: Stack) -> bool:
    """Return whether many masks fit one of a few other predictions better than their own."""
    own = maps.score_images()
    better = np.zeros(len(maps), dtype=bool)
    for offset in TRIED_OFFSETS:
        if abs(offset) < len(maps):
            better |= maps.score_images(np.roll(maps.y_pred, offset, axis=0)) > own
    return bool(better.mean() >= LEAST_SUSPECT_SHARE)


def count_affordable(maps: Stack) -> int:
    """Return the number of samples of which all pairs can be compared."""
    pixels = maps.y_true[0].size * maps.classes
    return min(len(maps), int((MOST_MULTIPLICATIONS / pixels) ** 0.5))
