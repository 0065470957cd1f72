"""Count the values themselves once more where the usual labels hide what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor import interpret
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Relation
from iou_doctor.arrays.source import Source
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import LabelDecoding, encode_rounded, is_no_class
from iou_doctor.diagnosis.passes import Counts, Passes, ScanSettings
from iou_doctor.interpret.peek import read_windows

MOST_LEVELS = 64
"""Maximum number of values in a few windows of masks that may stand for class ids."""
LEAST_SHARE_FOUND = 0.5
"""Share of the pixels of each class that the threshold must leave on its own side. If it leaves
fewer, the scores may need another threshold."""


def count_values(evidence: Evidence, counts: Counts, settings: ScanSettings) -> Evidence:
    """Return the evidence with the values of masks, or the scores, counted as they are.

    This takes another pass, and only arrays that cannot be right get one.
    """
    interpretation = evidence.interpretation
    if interpretation.layout.relation is Relation.MISMATCHED:
        return evidence
    passes = Passes(evidence.pair, counts.plan, settings)
    pairing = interpret.choose_doctor_pairing(interpretation)
    if _hold_few_values(evidence):
        chosen = replace(pairing, y_true=LabelDecoding.ROUNDED)
        table = passes.recount(chosen, ())
        by_value = interpret.decode_doctor_labels(table, interpretation, chosen)
        evidence = replace(evidence, by_value=by_value)
    if _are_scores_on_one_side(evidence):
        chosen = replace(pairing, y_pred=LabelDecoding.ROUNDED)
        table = passes.recount(chosen, ())
        by_score = interpret.decode_doctor_labels(table, interpretation, chosen)
        evidence = replace(evidence, by_score=by_score)
    return evidence


def _hold_few_values(evidence: Evidence) -> bool:
    """Return whether the masks hold few values, some with fractions, which are not ids / 255."""
    source, values = evidence.pair.y_true, evidence.stats.y_true
    if evidence.interpretation.layout.y_true.is_dense or source.is_sequential:
        return False
    if not values.fractional or values.non_finite:
        return False
    if not values.off_255_grid and _are_divided_ids(evidence):
        return False
    return len(_list_levels(source)) <= MOST_LEVELS


def _are_divided_ids(evidence: Evidence) -> bool:
    """Return whether 255 times the masks are class ids, or 255."""
    classes, scaled = evidence.interpretation.num_classes, evidence.times_255
    return scaled is not None and all(
        label < classes or label == 255 for label in scaled.count_truths()
    )


def _list_levels(source: Source) -> set[int]:
    """Return the codes of the values in a few windows."""
    windows = read_windows(source, whole_axis=max(1, len(source.shape) - 1))
    return {code for window in windows for code in set(encode_rounded(window).reshape(-1).tolist())}


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
