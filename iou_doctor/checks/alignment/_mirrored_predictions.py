"""Recognise predictions that equal their own mirror image: a flip was averaged in, not undone."""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.wording import format_percent
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Rule, Skipped

FEWEST_SAMPLES = 3
"""Minimum number of samples with predictions of several classes."""
SHORTEST_SIDE = 8
"""Minimum number of rows and columns. Short rows are symmetric by chance."""
LEAST_ASYMMETRY = 0.5
"""Minimum number of pixels that differ between the masks and their mirror images, in relation to
those outside the commonest class. It is 1.1 for street scenes, and 2 at most."""
FEWEST_CHANGES, LEAST_VARIED = 4, 0.1
"""Minimum number of changes of the label along some rows, and the share of these rows among those
with a change. A round object in the middle makes two, and its mirror image is itself by chance."""


@record
class _Mirror:
    """A way to mirror maps of shape (n, height, width)."""

    name: str
    axes: tuple[int, ...]

    def __call__(self, maps: Ids) -> Ids:
        return np.flip(maps, self.axes)


MIRRORS = (
    _Mirror("left to right", (2,)),
    _Mirror("upside down", (1,)),
    _Mirror("by half a turn", (1, 2)),
)


def find_mirrored(evidence: Evidence, rule: Rule, maps: Stack) -> Finding | None:
    """Return the finding if all predictions, but not the masks, equal their mirror image.

    Args:
        evidence: the facts.
        rule: the rule to report.
        maps: thinned maps, which are looked at first.
    """
    mirror = _find_mirror(maps)
    if mirror is None:
        return None
    fine = stack_maps(evidence, "fine")
    if isinstance(fine, Skipped) or not (mirror(fine.y_pred) == fine.y_pred).all():
        return None
    differing, known = _count_asymmetric(fine, mirror)
    return Finding(
        rule,
        message=f"the predictions of all {len(fine):,} samples that were compared equal their own"
        f" mirror image, {mirror.name}, while {format_percent(differing, known)} of the pixels of"
        " the masks differ from theirs: the predictions of flipped images were averaged in without"
        " being flipped back, or one half was copied",
        help="flip the scores of flipped images back before they are averaged: scores = (scores +"
        f" np.flip(scores_of_flipped, {_name_axes(evidence, mirror)})) / 2; nothing restores these"
        " arrays",
        facts={
            "turn": f"mirrored {mirror.name}",
            "samples": len(fine),
            "pixels_of_masks": known,
            "pixels_of_masks_that_differ": differing,
        },
        leaves_doubt=True,
    )


def _name_axes(evidence: Evidence, mirror: _Mirror) -> str:
    """Return the axes of the predictions as stored, for code."""
    spatial = evidence.interpretation.layout.y_pred.spatial
    axes = [spatial[axis - 1] for axis in mirror.axes]
    return str(axes[0] if len(axes) == 1 else tuple(axes))


def _find_mirror(maps: Stack) -> _Mirror | None:
    """Return how the predictions can be mirrored without a change, although the masks cannot."""
    pred = maps.y_pred
    if len(maps) < FEWEST_SAMPLES or pred.ndim != 3 or min(pred.shape[1:]) < SHORTEST_SIDE:
        return None
    for mirror in MIRRORS:
        if (mirror(pred[:1]) != pred[:1]).any() or (mirror(pred) != pred).any():
            continue
        differing, _ = _count_asymmetric(maps, mirror)
        counts = np.bincount(maps.y_true.reshape(-1), minlength=maps.classes)[: maps.classes]
        others = int(counts.sum() - counts.max())
        if differing >= LEAST_ASYMMETRY * others and _are_varied(pred, mirror):
            return mirror
    return None


def _count_asymmetric(maps: Stack, mirror: _Mirror) -> tuple[int, int]:
    """Return how many pixels of the masks differ from the mirror image, and how many can tell."""
    true, mirrored = maps.y_true, mirror(maps.y_true)
    known = (true < maps.classes) & (mirrored < maps.classes)
    return int((known & (true != mirrored)).sum()), int(known.sum())


def _are_varied(pred: Ids, mirror: _Mirror) -> bool:
    """Return whether symmetry is no matter of course: the predictions differ and hold details."""
    axis = mirror.axes[-1]
    changes = (np.diff(pred.astype(np.int16), axis=axis) != 0).sum(axis=axis)
    tells = changes.any(axis=1)
    told = pred[tells]
    if len(told) < FEWEST_SAMPLES or (told == told[:1]).all():
        return False
    varied = (changes >= FEWEST_CHANGES).sum()
    return bool(varied >= LEAST_VARIED * (changes > 0).sum())
