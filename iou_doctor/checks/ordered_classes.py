"""Tell whether the classes are steps of a scale, such as bins of depth or of age.

A model that is wrong about such a class predicts one of its neighbours, and areas of neighbouring
bins lie side by side. Other classes are mistaken for any other, and lie beside any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.map_samples import NO_LABEL, Labels
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.repair import Repair

LARGEST_ERROR = 0.42
"""Largest mean distance of wrong labels from the right ones, as a share of that of random ones, if
the classes are ordered. For bins of depth and of age it is 0.1 to 0.39, for other classes 0.46 and
more."""
LARGEST_STEP = 0.64
"""Largest mean distance of labels that lie side by side, as a share of that of two labels at
different edges, if the labels are ordered. For bins of depth it is 0.1 to 0.61, for organs that lie
inside each other 0.65, else about 1."""
MOST_FAR_SHARE = 0.25
"""Maximum share of the moves that lead further than to the next class. One of them closes a cycle.
"""
MOST_LABELS = 2048
"""Number of labels beyond which they are no steps of a scale."""


def has_ordered_labels(maps: Iterable[Labels], neutral: Collection[int]) -> bool:
    """Return whether labels that lie side by side are far closer than two labels of two edges.

    Args:
        maps: label maps, shape (height, width).
        neutral: labels that mean no class.
    """
    sides = [
        np.stack([here[here != beside], beside[here != beside]])
        for values in maps
        for here, beside in (
            (values[:, 1:], values[:, :-1]),
            (values[1:], values[:-1]),
        )
    ]
    one, two = np.concatenate([np.zeros((2, 0), np.int32), *sides], axis=1).astype(np.int64)
    known = ~(np.isin(one, (NO_LABEL, *neutral)) | np.isin(two, (NO_LABEL, *neutral)))
    one, two = one[known], two[known]
    # those of another edge, far away
    apart = np.abs(one - np.roll(two, len(two) // 2))
    other = apart[apart > 0]
    return bool(len(other) and np.abs(one - two).mean() < LARGEST_STEP * other.mean())


def has_ordered_classes(evidence: Evidence, pairs: PairCounts | None = None) -> bool:
    """Return whether wrong labels are far closer to the right ones than random labels would be.

    Args:
        evidence: the facts.
        pairs: the label pairs; `None` for those of the evidence.
    """
    pairs = (evidence.pairs if pairs is None else pairs).pool()
    ignored = evidence.interpretation.ignore_index
    void = [*VOID_LABELS, VOID_LABELS[0] if ignored is None else ignored]
    use = (pairs.truth != pairs.prediction) & ~np.isin(pairs.truth, void)
    pairs = pairs.keep_rows(use & ~is_no_class(pairs.truth) & ~is_no_class(pairs.prediction))
    true, predicted = pairs.count_truths(), pairs.count_predictions()
    if not len(pairs) or max(len(true), len(predicted)) > MOST_LABELS:
        return False
    distance = float((np.abs(pairs.truth - pairs.prediction) * pairs.count).sum()) / pairs.total
    (rows, many), (columns, often) = (
        (np.array([*counts]), np.array([*counts.values()]) / pairs.total)
        for counts in (true, predicted)
    )
    by_chance = float(many @ np.abs(rows[:, None] - columns[None, :]) @ often)
    return distance < LARGEST_ERROR * by_chance


def are_neighbours_mistaken(evidence: Evidence, moves: Mapping[int, int], exchange: Repair) -> bool:
    """Return whether an exchange of ids is that of a model that takes bins for the next ones.

    Args:
        evidence: the facts.
        moves: the new id of each id that is exchanged.
        exchange: the repair that does so.
    """
    far = sum(abs(old - new) > 1 for old, new in moves.items())
    if exchange.relabel is None or far > MOST_FAR_SHARE * len(moves):
        return False
    return has_ordered_classes(evidence, exchange.relabel(evidence.pairs.pool()))
