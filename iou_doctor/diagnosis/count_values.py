"""Count the values themselves once more where the usual labels hide what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from iou_doctor import interpret
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.background_channel import choose_channel_cut
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import MOST_IMPROVABLE_IOU
from iou_doctor.counts.label_decoding import LabelDecoding, encode_rounded, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.passes import Ask, RecountPairs
from iou_doctor.diagnosis.questions import OpenArrays, Unanswered
from iou_doctor.interpret.peek import read_windows
from iou_doctor.record import record
from iou_doctor.repairs.step import Side

MOST_LEVELS = 64
"""Maximum number of values in a few windows of masks that may stand for class ids."""
LEAST_SHARE_FOUND = 0.5
"""Share of the pixels of each class that the threshold must leave on its own side. If it leaves
fewer, the scores may need another threshold."""
MOST_REGIONS = 4
"""Maximum number of channels that may be regions, each inside another: those of brain tumours are
three or four, those of organs with a tumour two."""
MOST_IOU_WITHOUT_BACKGROUND = 0.7
"""Maximum mean IoU of an argmax over channels of which none is background. Only equal scores, of
which it takes the first, can make it find background."""
LEAST_AGREEMENT = 0.2
"""Sum of the logits of some pixel, as a share of the lowest one possible, if it lies in no channel.
Those of 21 classes reach 0.17."""
LEAST_SHARE_OFF = 0.1
"""Share of the pixels whose channels do not sum to 1, from which they are no softmax."""
LEAST_SHARE_OF_TIES = 0.1
"""Share of the pixels whose largest channels are equal, of which an argmax takes the first."""
LEAST_IOU_OF_BACKGROUND = 0.5
"""IoU of label 0 from which one of more than four channels is that of the background."""
LEAST_SUM_OF_REGIONS = 1.5
"""Sum of the channels that some pixel exceeds if it lies in several regions. A softmax gives 1."""


@record
class FindLevels:
    """Which codes do the values in a few windows of an array have?"""

    has_sample_axis: bool
    side: Side = Side.MASKS

    def answer(self, arrays: OpenArrays) -> frozenset[int]:
        """Return the codes in those windows that lie in some samples."""
        pair = arrays.pair
        source = pair.y_true if self.side is Side.MASKS else pair.y_pred
        among = arrays.samples if self.has_sample_axis else None
        if among is None and not arrays.select([0]):
            return frozenset()
        windows = read_windows(source, whole_axis=max(1, len(source.shape) - 1), among=among)
        codes = (encode_rounded(window).reshape(-1).tolist() for window in windows)
        return frozenset(code for some in codes for code in some)

    def merge(self, answers: Sequence[frozenset[int]]) -> frozenset[int]:
        """Return the codes in all windows."""
        return frozenset().union(*answers)


def count_values(ask: Ask, evidence: Evidence, plan: CountPlan) -> Evidence:
    """Return the evidence with the values of masks, or the scores, counted as they are.

    This takes another pass, and only arrays that cannot be right get one.

    Args:
        ask: asks the arrays.
        evidence: the facts so far.
        plan: how the arrays were counted.
    """
    try:
        evidence = _count_values_of_masks(ask, evidence, plan)
        evidence = _count_channels(ask, evidence, plan)
        if evidence.interpretation.is_multilabel:
            from iou_doctor.diagnosis.channel_scores import count_scores_of_channels

            return count_scores_of_channels(ask, evidence)
        return _count_scores(ask, evidence, plan)
    except Unanswered:
        return evidence


def _count_values_of_masks(ask: Ask, evidence: Evidence, plan: CountPlan) -> Evidence:
    interpretation = evidence.interpretation
    if interpretation.layout.relation is Relation.MISMATCHED:
        return evidence
    if not _hold_few_values(ask, evidence):
        return evidence
    pairing = interpret.choose_doctor_pairing(interpretation)
    chosen = replace(pairing, y_true=LabelDecoding.ROUNDED)
    table = ask(RecountPairs(replace(plan, second=None), chosen))
    by_value = interpret.decode_doctor_labels(table, interpretation, chosen)
    return replace(evidence, by_value=by_value)


def _count_scores(ask: Ask, evidence: Evidence, plan: CountPlan) -> Evidence:
    interpretation = evidence.interpretation
    if interpretation.layout.relation is Relation.MISMATCHED:
        return evidence
    if not _are_scores_on_one_side(evidence):
        return evidence
    pairing = interpret.choose_doctor_pairing(interpretation)
    chosen = replace(pairing, y_pred=LabelDecoding.ROUNDED)
    table = ask(RecountPairs(replace(plan, second=None), chosen))
    by_score = interpret.decode_doctor_labels(table, interpretation, chosen)
    return replace(evidence, by_score=by_score)


def _count_channels(ask: Ask, evidence: Evidence, plan: CountPlan) -> Evidence:
    layout, cut = evidence.interpretation.layout, choose_channel_cut(evidence)
    if not layout.y_pred.is_per_class or layout.relation is Relation.MISMATCHED:
        return evidence
    if evidence.interpretation.is_multilabel or 0 not in evidence.pairs.count_truths():
        return evidence
    values = evidence.stats.y_pred
    if cut == 0 and not values.fractional and (values.minimum or 0) >= 0:
        return evidence  # ids, as in panoptic maps of classes and numbers

    def recount(decoding: LabelDecoding) -> PairCounts:
        pairing = interpret.choose_doctor_pairing(evidence.interpretation)
        chosen = replace(pairing, y_pred=decoding)
        return ask(RecountPairs(replace(plan, second=None, threshold=cut), chosen))

    if _may_be_regions(evidence, cut):
        evidence = replace(evidence, by_channels=recount(LabelDecoding.CHANNELS))
    if _may_lack_background(evidence, cut):
        evidence = replace(evidence, by_top=recount(LabelDecoding.ARGMAX_ABOVE))
    return evidence


def _may_be_regions(evidence: Evidence, cut: float) -> bool:
    """Return whether a few channels that fit badly may overlap."""
    layout, values = evidence.interpretation.layout, evidence.stats.y_pred
    if layout.y_true.is_dense or not 2 <= layout.y_pred.channels <= MOST_REGIONS:
        return False
    high, full = values.maximum_sum, 2 * cut or 1.0
    if high is None or high < LEAST_SUM_OF_REGIONS * full or values.one_hot == values.pixels:
        return False
    return _measure_fit(evidence) <= MOST_IMPROVABLE_IOU


def _measure_fit(evidence: Evidence) -> float:
    """Return the mean IoU as given; 0 if some labels of the masks are not in it."""
    score = evidence.repaired
    return 0.0 if score.pixels.out_of_range else score.mean_iou or 0.0


def _may_lack_background(evidence: Evidence, cut: float) -> bool:
    """Return whether scores that fit badly leave some pixels to no channel.

    Channels of a softmax sum to 1. Logits of classes do not all fall together.
    """
    encoding, values = evidence.interpretation.y_pred, evidence.stats.y_pred
    axes = evidence.interpretation.layout.y_pred
    if encoding not in {Encoding.PROBABILITIES, Encoding.LOGITS} or axes.softmax_axis is not None:
        return False
    if _measure_fit(evidence) > MOST_IOU_WITHOUT_BACKGROUND:
        return False
    if axes.channels > MOST_REGIONS and _have_background(evidence):
        return False
    top, low, least = values.minimum_top, values.minimum, values.minimum_sum
    if top is None or low is None or least is None or top > cut:
        return False
    if cut == 0:
        return least <= LEAST_AGREEMENT * axes.channels * low
    # those of a softmax stored as bytes sum to 255, apart from rounding
    is_off = values.sum_off >= LEAST_SHARE_OFF * values.pixels
    return least <= cut or (is_off if cut < 1 else least < 2 * cut - axes.channels)


def _have_background(evidence: Evidence) -> bool:
    """Return whether an argmax finds background, and not because many channels are equal there."""
    values, score = evidence.stats.y_pred, evidence.repaired
    is_chosen = values.ties < LEAST_SHARE_OF_TIES * values.pixels
    return is_chosen and (score.per_class[0].iou or 0.0) >= LEAST_IOU_OF_BACKGROUND


def _hold_few_values(ask: Ask, evidence: Evidence) -> bool:
    """Return whether the masks hold few values, some with fractions, which are not ids / 255."""
    source, values = evidence.pair.y_true, evidence.stats.y_true
    if evidence.interpretation.layout.y_true.is_dense or source.is_sequential:
        return False
    if not values.fractional or values.non_finite:
        return False
    if not values.off_255_grid and _are_divided_ids(evidence):
        return False
    axes = evidence.interpretation.layout.y_true
    return len(ask(FindLevels(axes.has_sample_axis))) <= MOST_LEVELS


def _are_divided_ids(evidence: Evidence) -> bool:
    """Return whether 255 times the masks are class ids, or 255."""
    from iou_doctor.checks.masks.masks_divided_by_255 import list_divided_ids  # rarely needed

    return bool(list_divided_ids(evidence))


def _are_scores_on_one_side(evidence: Evidence) -> bool:
    """Return whether the threshold leaves most of a class on the wrong side."""
    interpretation = evidence.interpretation
    if not interpretation.y_pred.is_thresholded or interpretation.is_multilabel:
        return False
    if interpretation.num_classes != 2:
        return False
    pairs = evidence.pairs.pool()
    truths, predictions = pairs.count_truths(), _count_known(pairs.count_predictions())
    objects = truths.get(1, 0) or truths.get(255, 0)
    share = predictions.get(1, 0) / max(1, sum(predictions.values()))
    wanted = objects / max(1, objects + truths.get(0, 0))
    if interpretation.y_true is not Encoding.LABELS or not 0 < wanted < 1:
        return False
    return share < LEAST_SHARE_FOUND * wanted or 1 - share < LEAST_SHARE_FOUND * (1 - wanted)


def _count_known(counts: Mapping[int, int]) -> dict[int, int]:
    return {label: count for label, count in counts.items() if not is_no_class(label)}
