"""Recognise sigmoid channels for the classes 1 to C, with none for background."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class

LEAST_SHARE_OFF = 0.2
"""Minimum share of the pixels whose channels do not sum to 1."""
CUT = 0.5
"""A pixel with no channel above this is background. A softmax of any classes sums to more."""


def lacks_background_channel(evidence: Evidence) -> bool:
    """Return whether the masks hold 0 to C, while C channels leave some pixels to no class."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    if interpretation.y_pred is not Encoding.PROBABILITIES or interpretation.is_multilabel:
        return False
    low = values.minimum_sum
    if low is None or low >= CUT or values.sum_off < LEAST_SHARE_OFF * values.pixels:
        return False
    nothing = {*VOID_LABELS, interpretation.ignore_index}
    truths = {label for label in evidence.pairs.count_truths() if not is_no_class(label)} - nothing
    return 0 in truths and max(truths) == interpretation.layout.y_pred.channels
