"""Guess the class id of each colour of one array from the labels of the other one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.assignment import assign
from iou_doctor.checks.colours import get_axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.repairs.step import Side

FEWEST_LEFT, LEAST_SHARE = 3, 0.6
"""Number of colours without a class of their own from which they are objects and not void,
and the minimum share of a colour's pixels that lie in one class, for it to be of this class."""


def assign_ids(evidence: Evidence, major: list[int], classes: int, void: int) -> dict[int, int]:
    """Assign ids to colours so that the sum of their IoU is largest.

    Args:
        evidence: the facts; one array holds the colours.
        major: the codes of the frequent colours.
        classes: the number of classes.
        void: the id of colours for which no class is left.
    """
    pairs = evidence.pairs
    coloured, other = pairs.truth, pairs.prediction
    if not get_axes(evidence, Side.MASKS).is_colour:
        coloured, other = other, coloured
    if classes == 2 and other.size and other.min() >= 0 and 2 <= other.max() <= 255:
        other = (other > 127).astype(np.int64)  # white, or scores as bytes: other rules say so
    old = np.array(major)
    place = np.searchsorted(old, coloured).clip(max=len(old) - 1)
    good = (old[place] == coloured) & (other >= 0) & (other < classes)
    met = np.zeros((len(old), classes))
    np.add.at(met, (place[good], other[good]), pairs.count[good])
    union = met.sum(axis=1, keepdims=True) + met.sum(axis=0, keepdims=True) - met
    rows, ids = assign(met / np.maximum(union, 1))
    table = {int(old[row]): int(label) for row, label in zip(rows, ids, strict=True)}
    left = [code for code in major if code not in table]
    if len(left) >= FEWEST_LEFT:
        table |= _find_classes_of_objects(met, old, left)
    return {code: table.get(code, void) for code in major}


def _find_classes_of_objects(
    met: NDArray[np.float64], old: NDArray[np.int64], left: list[int]
) -> dict[int, int]:
    """Return the class in which most of each colour lies, if each object has a colour of its own.

    Args:
        met: the pixels of each colour in each class, shape (colours, classes).
        old: the codes of the colours, ascending.
        left: the codes of colours that have no class of their own.
    """
    some = met[np.searchsorted(old, left)]
    sure = some.max(axis=1) >= LEAST_SHARE * some.sum(axis=1)
    classes = some.argmax(axis=1)
    return {
        code: int(one) for code, one, is_sure in zip(left, classes, sure, strict=True) if is_sure
    }


def is_void_predicted(evidence: Evidence, ids: Mapping[int, int], void: int) -> bool:
    """Return whether one class is predicted where the masks have a colour of void, and rarely else.

    Args:
        evidence: the facts.
        ids: the id of each colour of a known palette.
        void: the id of its colours that mean no class.
    """
    truths, predicted = evidence.pairs.count_truths(), evidence.pairs.count_predictions()
    pairs = evidence.pairs.pool()
    return any(
        2 * both >= truths[code] + predicted[label] - both  # an IoU of 1/2 or more
        for code in truths.keys() & {code for code, label in ids.items() if label == void}
        for label, both in pairs.keep_rows(pairs.truth == code).count_predictions().items()
    )
