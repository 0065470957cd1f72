"""Decides, from counted labels, whether arrays of swapped sizes were reshaped or transposed.

If predictions of shape (H, W) meet masks of shape (W, H), a reshape keeps the pixels in the order
in which they are stored, and a transpose does not. The order in which far more labels agree is the
right one.
"""

from __future__ import annotations

from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats

LEAST_GAIN = 0.1
"""Share of pixels by which the stored order must agree better than the swapped one.

In the wrong order little more than the background agrees, so the right one is far ahead.
"""
LEAST_AGREEMENT = 0.4
"""Share of pixels that must agree in the stored order.

Arrays whose class ids are wrong as well agree by chance in up to 0.15 of their pixels.
"""


def is_same_storage_order(layout: Layout, stats: Stats) -> bool:
    """Return whether arrays of swapped sizes hold their pixels in the same order."""
    flat = stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True))
    swapped = stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS))
    if layout.relation is not Relation.SWAPPED or flat is None or swapped is None:
        return False
    least = max(_measure_agreement(swapped) + LEAST_GAIN, LEAST_AGREEMENT)
    return _measure_agreement(flat) > least


def _measure_agreement(pairs: PairCounts) -> float:
    """Return the share of pixels whose two labels are equal."""
    pooled = pairs.pool()
    equal = pooled.count[pooled.truth == pooled.prediction].sum()
    return float(equal / max(1, pooled.total))
