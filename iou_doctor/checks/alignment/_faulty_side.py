"""Tell which side of a sample has the wrong ids, by the classes that good masks usually hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from iou_doctor.checks.alignment._sample_faults import Relabelling
from iou_doctor.checks.alignment._sample_tables import SampleScores, Table, iterate_tables
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.step import Side

LEAST_DIFFERENCE = 0.2
"""How much more unlike the usual shares of the classes those of a prediction must be than those of
its mask for the prediction to be the faulty side."""
MOST_COMPARED = 64
"""Maximum number of good samples whose shares of the classes are compared with the usual ones."""


def measure_usual_shares(pairs: PairCounts, scores: SampleScores) -> dict[int, float]:
    """Return the share of each class in the masks of the samples that are not poor."""
    rows = pairs.keep_rows(~np.isin(pairs.image, scores.poor))
    return {label: count / max(rows.total, 1) for label, count in rows.count_truths().items()}


def _measure_deviation(part: Mapping[int, int], usual: Mapping[int, float]) -> float:
    """Return how far the shares of the classes in an image are from the usual ones, up to 2."""
    total = max(1, sum(part.values()))
    return sum(abs(part.get(label, 0) / total - share) for label, share in usual.items())


def find_largest_deviation(
    pairs: PairCounts, scores: SampleScores, usual: Mapping[int, float]
) -> float:
    """Return how far the shares of the classes are from the usual ones in some good masks."""
    good = [image for image in scores.images.tolist() if image not in {*scores.doubtful}]
    tables = iterate_tables(pairs, good[:MOST_COMPARED])
    return max((_measure_deviation(table.truth, usual) for _, table in tables), default=0.0)


def choose_side(
    found: Relabelling, table: Table, usual: Mapping[int, float], largest: float
) -> Relabelling:
    """Return the relabelling for the side whose shares of the classes are unlike the usual ones.

    A label that no usual mask holds is wrong. If the classes are only permuted, and neither side is
    far less usual than all good masks, it may be the other side.
    """
    if set(found.table) - set(usual):
        return found
    if set(found.table.values()) - set(usual):
        return _move_to_predictions(found)
    of_masks, of_predictions = (
        _measure_deviation(part, usual) for part in (table.truth, table.predicted)
    )
    permutes = set(found.table) == set(found.table.values())
    largest += LEAST_DIFFERENCE
    may_be_either = permutes and (of_masks > largest) == (of_predictions > largest)
    if of_masks >= of_predictions - LEAST_DIFFERENCE:
        return replace(found, may_be_either=may_be_either)
    return replace(_move_to_predictions(found), may_be_either=may_be_either)


def _move_to_predictions(found: Relabelling) -> Relabelling:
    """Return the relabelling that changes the predictions in place of the masks."""
    inverse = {new: old for old, new in found.table.items()}
    return replace(found, side=Side.PREDICTIONS, table=inverse)
