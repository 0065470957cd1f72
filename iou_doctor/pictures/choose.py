"""Choose the samples in which a fault is best seen, and find the dearest class pair of a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.prices import NO_CLASS, Prices
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.report.gallery import DearestPair
from iou_doctor.report.repair_plan import build_plan
from iou_doctor.report.report import Report

FAULTY = 2
"""The number of samples that show the fault."""


def choose_faulty(report: Report, pairs: PairCounts | None, samples: int) -> list[int]:
    """Return the samples that show the primary finding, ascending.

    They are among those that the repair changes, if it changes only some, and have the most
    different labels.

    Args:
        report: the report.
        pairs: the label pairs of each sample, if they were counted.
        samples: the number of samples.
    """
    touched = list_touched(report, samples)
    left_out = set(report.reading.layout.mismatched)
    candidates = [one for one in touched if one not in left_out]
    variety = np.zeros(samples, np.int64)
    if pairs is not None and len(pairs):
        variety = count_variety(pairs, samples)
    chosen = sorted(candidates, key=lambda one: (-variety[one], one))[:FAULTY]
    return sorted(chosen)


def list_touched(report: Report, samples: int) -> list[int]:
    """Return the samples that the repairs change, or all if they change all."""
    touched: set[int] = set()
    for steps in build_plan(report, unsafe=True).steps.values():
        for step in steps:
            some = getattr(step, "samples", None)
            if isinstance(step, Reorder):
                some = [place for place, source in enumerate(step.order) if place != source]
            if some is None:
                return list(range(samples))
            touched.update(one for one in some if 0 <= one < samples)
    return sorted(touched) or list(range(samples))


def count_variety(pairs: PairCounts, samples: int) -> NDArray[np.int64]:
    """Return the number of different true labels of each sample, shape (samples,)."""
    variety = np.zeros(samples, np.int64)
    for block in pairs.iterate_blocks():
        inside = block.image < samples
        starts = np.intersect1d(block.truth_starts, np.flatnonzero(inside))
        np.add.at(variety, block.image[starts], 1)
    return variety


def find_dearest_pair(counted: Counted, prices: Prices, sample: int) -> DearestPair | None:
    """Return the dearest class pair of a sample: truth, prediction, pixels and points."""
    pairs = counted.scored.select_images(sample, sample + 1)
    if not len(pairs):
        return None
    truths, predictions, count, points = prices.price_all_pairs(pairs)
    if not len(points) or points.max() <= 0:
        return None
    at = int(np.lexsort((predictions, truths, -points))[0])
    other = int(predictions[at])
    return int(truths[at]), None if other == NO_CLASS else other, int(count[at]), float(points[at])
