"""Try every place for the objects of predicted volumes, and tell what fits by chance.

A single object comes to cover another one by chance if it may lie anywhere and be turned in many
ways. How likely this is depends on its size, and on how well it fits.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.map_stack import Ids, Scores, Stack
from iou_doctor.checks.orientations import Turn
from iou_doctor.checks.volumes import Volumes
from iou_doctor.record import record

MOST_OBJECT_SCORE, LEAST_OBJECT_SCORE = 0.3, 0.55
"""If the IoU of all classes but the largest one is at most MOST_OBJECT_SCORE, a turn must lift it
to LEAST_OBJECT_SCORE at least. The kidney of the other side reaches 0.52 after a flip."""
FEWEST_VOLUMES, LEAST_SHARED_SCORE = 3, 0.4
"""Of so many volumes that are turned in the same way, the objects must reach less together. So must
those of one volume that fit in no other place."""
MOST_ELSEWHERE = 0.5
"""Objects fit in no other place if all shifts of the volume as given reach at most this share of
their IoU. A plain object, such as a kidney, fits as well after a shift. Of 820 volumes with other
objects than their masks, none that reached LEAST_SHARED_SCORE fitted so."""
MOST_CHANCE = 0.01
"""Maximum probability that objects at any other place fit as well after one of the turns of this
kind. Flips, orders of the axes, and both together are three kinds. A single lesion gains little in
the mean IoU, and may still be turned beyond doubt."""
SAME_PLACE = 0.02
"""Difference in IoU up to which a shift explains the places of objects as well as a turn."""
LARGEST_NEAR_SHIFT = 8
"""Largest shift that is as likely as a turn, in voxels. An object near the middle shows no more."""
MOST_VOLUMES = 8
"""Maximum number of volumes that are tried in every place, which takes some milliseconds each."""
ROUNDING = 1e-6
"""Difference in IoU up to which two places fit alike."""

Objects = Ids
"""1 where volumes hold another class than the largest one of the masks, shape (n, d, h, w)."""


@record
class Places:
    """How well the objects of predicted volumes fit those of the masks, after a turn."""

    turned: Scores
    """IoU of all objects together after the turn and each shift, shape (2 d, 2 h, 2 w). The index
    is the shift; negative shifts are counted from the end."""
    given: Scores
    """The same without the turn."""
    reach: tuple[int, ...]
    """Shifts up to this along each axis are as likely as a turn."""
    pixels: float
    """Number of pixels of the objects in each mask."""
    volumes: int = 1
    """How many volumes were tried together."""

    @property
    def are_restored(self) -> bool:
        """Whether the objects fit after the turn, and no shift explains that as well."""
        after = float(self.turned[0, 0, 0])
        are_shown = self.volumes >= FEWEST_VOLUMES or self.are_found_nowhere_else
        least = LEAST_SHARED_SCORE if are_shown else LEAST_OBJECT_SCORE
        near = np.ix_(*(np.r_[: most + 1, -most:0] for most in self.reach))
        return (
            after >= least
            and self.given.max() <= self.turned.max() + SAME_PLACE
            and self.given[near].max() <= after - SAME_PLACE
        )

    @property
    def are_found_nowhere_else(self) -> bool:
        """Whether the objects fit best right after the turn, and without it hardly anywhere."""
        after = float(self.turned[0, 0, 0])
        is_best = self.turned.max() <= after + ROUNDING
        return bool(is_best and self.given.max() <= MOST_ELSEWHERE * after)

    def measure_chance(self, rivals: int) -> float:
        """Return how likely objects at random places fit as well after one of the turns.

        Args:
            rivals: in how many ways they may be turned.
        """
        # an object lies inside the volume, so that its centre cannot be at the border
        sizes = np.array(self.turned.shape) / 2 - np.cbrt(self.pixels)
        fitting = int((self.turned >= self.turned[0, 0, 0] - ROUNDING).sum())
        return float(rivals * fitting / sizes.clip(min=1).prod())


def do_objects_miss(maps: Stack) -> bool:
    """Return whether the predicted objects of volumes hardly overlap those of the masks."""
    true, pred = find_objects(maps)
    return int((true & pred).sum()) <= MOST_OBJECT_SCORE * int((true | pred).sum())


def compare_places(volumes: Volumes, turn: Turn) -> Places:
    """Try every shift of the predicted volumes, as given and after a turn."""
    true, pred = (side[:MOST_VOLUMES] for side in find_objects(volumes.maps))
    kept = true.shape[1:]
    reach = (LARGEST_NEAR_SHIFT * a / max(a, b) for a, b in zip(kept, volumes.sizes, strict=True))
    return Places(
        turned=_try_every_shift(true, turn(pred)),
        given=_try_every_shift(true, pred),
        reach=tuple(map(round, reach)),
        pixels=float(true.sum()) / len(true),
        volumes=len(true),
    )


def find_objects(maps: Stack) -> tuple[Objects, Objects]:
    """Return the objects of masks and predictions, in the shape of the maps."""
    counted = maps.y_true < maps.classes
    background = int(np.bincount(maps.y_true[counted]).argmax())
    true, pred = ((side != background) & counted for side in (maps.y_true, maps.y_pred))
    return true.astype(np.uint8), pred.astype(np.uint8)


def _try_every_shift(true: Objects, pred: Objects) -> Scores:
    """Return the IoU of the objects after each shift of all predicted volumes."""
    sizes, axes = [2 * size for size in true.shape[1:]], (1, 2, 3)
    # the correlation theorem: one product instead of one comparison for each shift
    spectra = (np.fft.rfftn(side.astype(np.float32), sizes, axes) for side in (true, pred))
    product = next(spectra) * np.conj(next(spectra))
    both = np.rint(np.fft.irfftn(product.sum(axis=0), sizes, (0, 1, 2)))
    scores: Scores = both / np.maximum(true.sum() + pred.sum() - both, 1)
    return scores
