"""Count predictions as class ids that lie just beside whole numbers, as arithmetic leaves them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.arrays.interpretation import NEAR_ID, Encoding, Options
from iou_doctor.arrays.layout import Relation
from iou_doctor.arrays.pairings import choose_dense_decoding
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, decode_rounded, is_no_class
from iou_doctor.diagnosis.count_values import FindLevels
from iou_doctor.diagnosis.passes import Ask, Counts, count
from iou_doctor.diagnosis.questions import Unanswered
from iou_doctor.interpret.encoding import UNIT_ROUNDING
from iou_doctor.repairs.step import Side

MOST_NOISE = 0.1
"""How far they may be if each of them is beside an id of the masks. Noise moves ids by some
hundredths. Scores, and ids that a resize has mixed, have values everywhere between."""
FEWEST_IDS = 2
"""Minimum number of ids beside which they are. Scores of background alone are all beside 0."""
LARGEST_ID = 255
"""Ids beyond this are rare, and the codes of values near them are coarse."""


def count_near_ids(ask: Ask, pair: Pair, counts: Counts, options: Options) -> Counts:
    """Return the counts with the nearest ids of the predictions, if these lie just beside ids.

    Only predictions of which no cast gives the ids get this pass.

    Args:
        ask: asks the arrays.
        pair: the arrays.
        counts: what was counted so far.
        options: how the user says that the arrays are encoded.
    """
    if not _may_be_near_ids(pair, counts, options):
        return counts
    axes = counts.plan.layout.y_pred
    try:
        codes = ask(FindLevels(axes.has_sample_axis, Side.PREDICTIONS))
        if not _are_near_ids(codes, _list_ids_of_masks(counts)):
            return counts
        near = [Pairing(true, LabelDecoding.NEAREST) for true in _list_mask_decodings(pair, counts)]
        pairings = (*counts.plan.pairings, *near)
        return count(ask, replace(counts.plan, pairings=pairings, second=None, kinds=False))
    except Unanswered:
        return counts


def _list_mask_decodings(pair: Pair, counts: Counts) -> list[LabelDecoding]:
    """Return how the masks may be decoded; those beside ids too look like scores."""
    axes = counts.plan.layout.y_true
    if axes.is_dense:
        return [choose_dense_decoding(axes)]
    floating = pair.y_true.dtype.kind == "f"
    return [LabelDecoding.LABELS, LabelDecoding.BINS] if floating else [LabelDecoding.LABELS]


def _may_be_near_ids(pair: Pair, counts: Counts, options: Options) -> bool:
    """Return whether floats that are no probabilities have a fraction that is nearly none."""
    layout, values = counts.plan.layout, counts.stats.y_pred
    first, low, high = values.first_fractional, values.minimum, values.maximum
    if first is None or low is None or high is None or values.non_finite:
        return False
    if layout.y_pred.is_dense or layout.relation is Relation.MISMATCHED:
        return False
    if max(-low, high - 1) <= UNIT_ROUNDING or pair.y_pred.is_sequential:
        return False  # a threshold gives the ids
    if low < -MOST_NOISE or high > LARGEST_ID + MOST_NOISE:
        return False
    declared = options.predictions_as, options.masks_as
    if declared[0] not in (None, Encoding.LABELS) or declared[1] not in (None, Encoding.LABELS):
        return False
    (value,) = first.values
    return abs(value - round(value)) <= MOST_NOISE


def _list_ids_of_masks(counts: Counts) -> frozenset[int]:
    """Return the labels in the masks; none if they were not counted as labels."""
    tables = counts.stats.tables.items()
    known = (table for pairing, table in tables if pairing.y_true is LabelDecoding.LABELS)
    table = next(known, None)
    return frozenset() if table is None else frozenset(table.count_truths())


def _are_near_ids(codes: frozenset[int], ids: frozenset[int]) -> bool:
    """Return whether all of these values lie just beside whole numbers, or nearly so beside ids."""
    found = np.array(sorted(codes), dtype=np.int64)
    if not len(found) or is_no_class(found).any():
        return False
    values = decode_rounded(found)
    nearest = np.rint(values)
    off = float(np.abs(values - nearest).max())
    if off <= NEAR_ID:
        return True
    beside = frozenset(nearest.astype(np.int64).tolist())
    return off <= MOST_NOISE and len(beside) >= FEWEST_IDS and beside <= ids
