"""Recognise channels for the classes 1 to C, with none for background."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.value_counts import MIDDLE_OF_BYTES

LEAST_SHARE_OFF = 0.2
"""Minimum share of the pixels whose channels do not sum to 1."""
CUT = 0.5
"""A pixel with no channel above this is background. A softmax of any classes sums to more."""
MOST_CANDIDATES = 8
"""Number of channels up to which they may be candidates for one object. More are objects."""


def choose_channel_cut(evidence: Evidence) -> float:
    """Return the score above which a pixel lies in a channel."""
    if evidence.interpretation.y_pred is not Encoding.LOGITS:
        return CUT
    return MIDDLE_OF_BYTES if evidence.stats.y_pred.are_bytes else 0.0


def write_channel_cut(evidence: Evidence) -> str:
    """Return that score for code: the middle of bytes as the whole number below it."""
    cut = choose_channel_cut(evidence)
    return f"{int(cut) if cut > CUT else cut:g}"


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


def advise_on_background(evidence: Evidence) -> str:
    """Return how to make class ids of predictions that lack a channel for label 0 of the masks."""
    axis = evidence.interpretation.layout.y_pred.channel
    least, best = f"predictions.max({axis}) < {CUT}", f"predictions.argmax({axis}) + 1"
    return (
        "the masks hold one class more, 0, for which there is no channel; if it is background,"
        f" predictions = np.where({least}, 0, {best})"
    )
