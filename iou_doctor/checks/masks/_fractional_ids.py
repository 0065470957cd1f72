"""Recognize class ids among masks that mostly hold fractions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts

SCALE = 255
"""What the values were multiplied by before they were counted."""
LARGEST_DISTANCE = 5 / SCALE
"""How far a value may be from a whole number to stand for an id. One in 25 numbers is so near."""
LEAST_NEAR_SHARE = 0.1
"""Minimum share of the pixels that are so near. If a Lanczos resize rings in most small regions, it
is 0.13, else 0.2 and more."""
LEAST_AGREEING = 0.5
"""Share of these that must be predicted as this id."""
FEWEST_IDS = 3
"""Minimum number of ids that occur in this way. Scores of two classes are near 0 and 1."""
LARGEST_REST = 0.05
"""Share of the pixels that may be elsewhere if only a cast or rounding is missing."""


def round_ids(evidence: Evidence) -> PairCounts:
    """Return the label pairs with the masks rounded, of masks that `measure_fractional_ids` knows.

    Raises:
        ValueError: the masks are integers.
    """
    if evidence.times_255 is None:
        raise ValueError("masks of integers are not counted times 255")
    return evidence.times_255.relabel(truth=_round)


def _round(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    rounded: NDArray[np.int64] = np.rint(codes / SCALE).astype(np.int64)
    return np.where(is_no_class(codes), codes, rounded)


def measure_fractional_ids(evidence: Evidence) -> float:
    """Return the share of pixels beside a class id; 0 if the masks seem to hold no ids.

    This needs masks whose numbers were taken for scores, and predictions of class ids.
    """
    pairs, is_score = evidence.times_255, evidence.interpretation.y_true is Encoding.BINARY_LOGITS
    if pairs is None or not is_score or not len(pairs):
        return 0.0
    pairs = pairs.pool()
    values = pairs.truth / SCALE
    ids = np.rint(values)
    is_near = np.abs(values - ids) <= LARGEST_DISTANCE
    is_right = is_near & (ids == pairs.prediction)
    near, right = int(pairs.count[is_near].sum()), int(pairs.count[is_right].sum())
    if near < LEAST_NEAR_SHARE * pairs.total or right < LEAST_AGREEING * near:
        return 0.0
    return near / pairs.total if len({*ids[is_right].tolist()}) >= FEWEST_IDS else 0.0
