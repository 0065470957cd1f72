"""Find samples whose scores are on another scale than those of all others.

The encoding is inferred from the extremes of all values together, so that one sample of 0 to 255
would make logits of the probabilities in all others. The table of label pairs says which samples
hold scores below 0 or above 1, and channels rarely sum to 1 by chance. Only if these differ between
the samples are all of them measured one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from iou_doctor.arrays.byte_scores import FULL_SCALES, choose_full_scale
from iou_doctor.arrays.layout import Relation
from iou_doctor.arrays.odd_scores import OddScores, Scale
from iou_doctor.arrays.pairings import choose_dense_decoding
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.diagnosis.measure_samples import MeasureSamples
from iou_doctor.diagnosis.passes import Ask, Counts, RecountPairs
from iou_doctor.diagnosis.questions import Unanswered
from iou_doctor.interpret.encoding import UNIT_ROUNDING
from iou_doctor.interpret.interpretation import are_bins_above
from iou_doctor.metrics.score import compute_score
from iou_doctor.metrics.user.user_metric import DEFAULT_THRESHOLD
from iou_doctor.repairs.step import Side

FEWEST_SAMPLES = 2
"""Minimum number of samples. If as many are on either scale, that of probabilities is usual."""
LEAST_SHARE_OF_ONES = 0.02
"""Minimum share of pixels whose channels sum to 1 for some samples to hold probabilities."""
LEAST_SHARE_OF_OTHERS = 0.02
"""Minimum share of pixels with no channel, or with several, of masks whose channels overlap."""
MOST_OFF = 0.02
"""Maximum share of the pixels of a sample of probabilities whose channels do not sum to 1."""
HIGHEST_LOW = -0.5
"""The least score of a sample of logits is below this. Resizing takes scores less far below 0."""
LEAST_OUTSIDE = 0.2
"""Minimum share of logits below 0 or above 1."""
LEAST_HIGH = 20.0
"""Minimum of the largest score of a sample of 0 to 255. Smaller ones may come from a ReLU."""
LEAST_TOP = 0.5
"""Minimum of the largest score of a sample of 0 to 1 among logits. Smaller ones tell nothing."""
LEAST_GAIN = 0.1
"""Minimum gain in mean IoU of positive scores among logits that are thresholded at 0.5."""
HIGHEST_SUM = 0.1
"""The channels of a sample of which all scores were divided sum to less than this, but not to 0."""
PAIRS = frozenset(
    {
        (Scale.UNIT, Scale.BYTES),
        (Scale.UNIT, Scale.LOGITS),
        (Scale.UNIT, Scale.DIVIDED),
        (Scale.LOGITS, Scale.UNIT),
        (Scale.BYTES, Scale.UNIT),
    }
)
"""Usual scales, and those that are told from them."""
BELOW_0, ABOVE_1 = 3, 9
"""A `LabelDecoding.BINS` is less than the first for a score below 0, and at least the second for
one above 1."""


def find_odd_scores(ask: Ask, counts: Counts) -> OddScores | None:
    """Return the samples with scores on another scale; `None` if there are none.

    Args:
        ask: asks the arrays.
        counts: what was counted so far.
    """
    layout = counts.plan.layout
    if layout.samples < FEWEST_SAMPLES or layout.relation is Relation.MISMATCHED:
        return None
    if not layout.y_pred.has_sample_axis or layout.y_pred.images > 1:
        return None
    table = None if layout.y_pred.is_dense else _find_bins(counts)
    may_overlap = table is None and _may_overlap(counts)
    if table is None:
        are_mixed = may_overlap or _have_mixed_sums(counts)
    else:
        are_mixed = _may_differ(counts, table)
    if not are_mixed:
        return None
    try:
        measured = ask(MeasureSamples(layout, Side.PREDICTIONS))
        left_out = frozenset(layout.mismatched)
        of_each = {one: measured[one] for one in sorted(measured) if one not in left_out}
        if table is None:
            odd = _compare_scales(of_each, dense=not may_overlap)
            return None if odd and may_overlap and odd.scale is Scale.UNIT else odd
        divided = _find_divided(of_each)
        if divided is not None:
            return _restore_ids(ask, counts, divided)
        odd = _compare_scales(of_each, dense=False)
        return None if odd is None else _restore(ask, counts, table, odd)
    except Unanswered:
        return None


def _find_bins(counts: Counts) -> PairCounts:
    """Return the table in which scores of one channel are compared with 0, 1 and the threshold."""
    tables = counts.stats.tables
    return next(
        (
            table
            for pairing, table in tables.items()
            if pairing.y_pred is LabelDecoding.BINS and not pairing.flat
        ),
        PairCounts.merge([]),
    )


def _may_differ(counts: Counts, table: PairCounts) -> bool:
    """Return whether some samples hold scores below 0 or above 1, and others do not.

    A few fractions among 0 and 1 may be ids divided by 255, too.
    """
    values, bins = counts.stats.y_pred, table.prediction
    if not values.off_255_grid and 2 * values.fractional < values.values:
        return True
    outside = (bins < BELOW_0) | (bins >= ABOVE_1) | is_no_class(bins)
    return len(np.unique(table.image[outside])) not in {0, len(np.unique(table.image))}


def _have_mixed_sums(counts: Counts) -> bool:
    """Return whether the channels of some pixels sum to 1, and those of others do not."""
    values, axes = counts.stats.y_pred, counts.plan.layout.y_pred
    ones = values.pixels - values.sum_off
    least = max(LEAST_SHARE_OF_ONES, MOST_OFF / 2, 0.5 / counts.plan.layout.samples)
    return axes.is_per_class and values.sum_off > 0 and ones >= least * values.pixels


def _may_overlap(counts: Counts) -> bool:
    """Return whether channels with scores below 0 or above 1 may overlap, so that no sum is 1."""
    masks, values = counts.stats.y_true, counts.stats.y_pred
    layout = counts.plan.layout
    if not layout.y_true.is_per_class or not layout.y_pred.is_per_class:
        return False
    others = masks.pixels - masks.one_hot
    return values.outside_unit > 0 and others >= LEAST_SHARE_OF_OTHERS * masks.pixels > 0


def _find_divided(of_each: Mapping[int, ValueCounts]) -> OddScores | None:
    """Return the samples with class ids divided by 255 among samples with class ids."""
    odd = {sample: values for sample, values in of_each.items() if values.fractional}
    usual = ValueCounts.merge([of_each[sample] for sample in of_each if sample not in odd])
    largest = usual.maximum
    if not 0 < 2 * len(odd) < len(of_each) or largest is None or usual.non_finite:
        return None
    for values in odd.values():
        low, high = values.minimum, values.maximum
        if low is None or high is None or low < 0 or values.off_255_grid:
            return None
        if round(high * FULL_SCALES[0]) > largest:
            return None
    return OddScores(Scale.DIVIDED, odd, Scale.IDS, usual)


def _restore_ids(ask: Ask, counts: Counts, odd: OddScores) -> OddScores:
    """Return the samples with the label pairs of their ids times 255."""
    axes = counts.plan.layout.y_true
    true = choose_dense_decoding(axes) if axes.is_dense else LabelDecoding.LABELS
    pairing = Pairing(true, LabelDecoding.TIMES_255)
    table = ask(RecountPairs(replace(counts.plan, second=None), pairing))
    return replace(odd, restored=_take(table, np.array([*odd.samples], dtype=np.int64)))


def _compare_scales(of_each: Mapping[int, ValueCounts], *, dense: bool) -> OddScores | None:
    scales = {sample: _find_scale(values, dense=dense) for sample, values in of_each.items()}
    found = [*scales.values()]
    usual = next((one for one in Scale if 2 * found.count(one) >= len(found)), None)
    kinds = {*found} - {usual, None}
    if usual is None or not kinds or not {(usual, one) for one in kinds} <= PAIRS:
        return None
    odd = {sample: of_each[sample] for sample, one in scales.items() if one in kinds}
    scale = Scale.MIXED if len(kinds) > 1 else next(one for one in kinds if one)
    if scale is Scale.UNIT and not dense and not _are_telling(odd):
        return None
    others = ValueCounts.merge([of_each[sample] for sample in scales if sample not in odd])
    return OddScores(
        scale=scale,
        samples=odd,
        usual_scale=usual,
        usual=others,
        full=_find_full_scale(usual, others)
        if usual is Scale.BYTES
        else _find_full_scale(scale, ValueCounts.merge([*odd.values()])),
    )


def _find_scale(values: ValueCounts, *, dense: bool) -> Scale | None:
    """Return the scale of the scores of one sample; `None` if they may be on several ones."""
    low, high = values.minimum, values.maximum
    if low is None or high is None or values.non_finite:
        return None
    are_ones = values.sum_off <= MOST_OFF * values.pixels
    if low >= -UNIT_ROUNDING and high <= 1 + UNIT_ROUNDING:
        is_unit = are_ones or not dense
        return Scale.UNIT if is_unit else Scale.DIVIDED if _have_small_sums(values) else None
    if low < HIGHEST_LOW and values.outside_unit >= LEAST_OUTSIDE * values.values:
        return Scale.LOGITS
    is_full = LEAST_HIGH <= high <= FULL_SCALES[-1] * (1 + UNIT_ROUNDING)
    return Scale.BYTES if low >= -UNIT_ROUNDING and is_full else None


def _have_small_sums(values: ValueCounts) -> bool:
    """Return whether all channels of a sample sum to the same number, one far below 1."""
    low, high = values.minimum_sum, values.maximum_sum
    return low is not None and high is not None and 0 < (1 - MOST_OFF) * high <= low <= HIGHEST_SUM


def _find_full_scale(scale: Scale, values: ValueCounts) -> int:
    """Return what stands for 1, or the divisor."""
    if scale is Scale.DIVIDED:
        return round(1 / (values.maximum_sum or 1.0))
    high = values.maximum or 0.0
    if scale is not Scale.BYTES:
        return 1
    full = choose_full_scale(high, rounding=UNIT_ROUNDING)
    assert full is not None  # else these are no bytes
    return full


def _are_telling(odd: Mapping[int, ValueCounts]) -> bool:
    """Return whether scores from 0 to 1 are no logits that happen to lie there."""
    return all(
        values.fractional > 0 and (values.maximum or 0.0) > LEAST_TOP for values in odd.values()
    )


def _restore(ask: Ask, counts: Counts, table: PairCounts, odd: OddScores) -> OddScores | None:
    """Return the samples with their label pairs if they are thresholded on their own scale."""
    if odd.usual_scale is Scale.BYTES or odd.scale is Scale.MIXED:
        return odd
    pairing = next(one for one, found in counts.stats.tables.items() if found is table)
    threshold = 0.0 if odd.scale is Scale.LOGITS else DEFAULT_THRESHOLD * odd.full
    counted = _count_bins(ask, counts, pairing, threshold)
    samples = np.array([*odd.samples], dtype=np.int64)
    restored = _take(counted, samples).relabel(
        prediction=lambda bins: np.where(
            is_no_class(bins), bins, are_bins_above(bins, threshold).astype(np.int64)
        )
    )
    if odd.scale is not Scale.UNIT:
        return replace(odd, restored=restored)
    given = _take(table, samples).relabel(
        prediction=lambda bins: np.where(is_no_class(bins), bins, np.int64(1))
    )
    before, after = (
        compute_score(pairs=one, num_classes=2, ignore_index=None).mean_iou or 0.0
        for one in (given, restored)
    )
    return replace(odd, restored=restored) if after >= before + LEAST_GAIN else None


def _count_bins(ask: Ask, counts: Counts, pairing: Pairing, threshold: float) -> PairCounts:
    """Return the table in which scores are compared with this threshold."""
    plan = counts.plan
    if threshold in {0.0, plan.threshold}:
        return counts.stats.tables[pairing]
    return ask(RecountPairs(replace(plan, second=None, threshold=threshold), pairing))


def _take(pairs: PairCounts, samples: np.typing.NDArray[np.int64]) -> PairCounts:
    return pairs.take_rows(np.isin(pairs.image, samples))
