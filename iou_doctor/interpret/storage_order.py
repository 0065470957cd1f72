"""Whether arrays of swapped sizes hold their pixels in one order, which only the counts tell."""

from __future__ import annotations

from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats

CLEARLY_BETTER = 0.1
"""Share of pixels; of arrays in the wrong order little more than the background agrees."""
LEAST_AGREEMENT = 0.4
"""Share of pixels. Arrays whose ids are wrong as well agree by chance in up to 0.15 of them."""


def is_same_storage_order(layout: Layout, stats: Stats) -> bool:
    """Return whether arrays of swapped sizes hold the same pixels in the order stored.

    A reshape to the other size keeps that order, a swap of the axes does not.
    """
    flat = stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True))
    swapped = stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS))
    if layout.relation is not Relation.SWAPPED or flat is None or swapped is None:
        return False
    least = max(_agreement(swapped) + CLEARLY_BETTER, LEAST_AGREEMENT)
    return _agreement(flat) > least


def _agreement(pairs: PairCounts) -> float:
    both = pairs.pooled()
    return float(both.count[both.truth == both.prediction].sum() / max(1, both.total))
