"""Recognise channels of which a cast to integer has left hardly anything but 0."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import describe_first, format_percent
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.report.finding import Finding, Rule

LEAST_EMPTY = 0.75
"""Minimum share of the pixels with a class of which all predicted channels are 0. A threshold
leaves some such pixels, and padding or lost samples leave some more."""
LEAST_KNOWN = 0.5
"""Minimum share of the pixels that have a class in the masks. If most have none, no channel stands
for background, and the channels of a weak model are empty there by nature."""


def find_cut_probabilities(evidence: Evidence, rule: Rule) -> Finding | None:
    """Return the finding if nearly all pixels have a 0 in each channel, and the others one 1."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    if interpretation.y_pred is not Encoding.ONE_HOT or interpretation.is_multilabel:
        return None
    if values.non_finite or values.all_zero < LEAST_EMPTY * LEAST_KNOWN * values.pixels:
        return None
    known, empty = _count_empty(evidence)
    if known < LEAST_KNOWN * values.pixels or empty < LEAST_EMPTY * known:
        return None
    axes = interpretation.layout.y_pred
    return Finding(
        rule,
        message=f"all {axes.channels} channels of the predictions are 0 in"
        f" {format_percent(values.all_zero, values.pixels)} of the pixels, so that these have no"
        " class; a cast to integer leaves probabilities like this, because it makes 0 of all below"
        " 1, and so does a threshold that few of them reach",
        help="save the probabilities as floats, or take their argmax before any cast: predictions ="
        f' probabilities.argmax({axes.channel}).astype("uint8"); nothing restores these arrays,'
        " and their score says nothing of the model",
        facts={
            "channels": axes.channels,
            "class_axis": axes.channel,
            "pixels": values.pixels,
            "all_zero": values.all_zero,
        },
        evidence=describe_first(values.first, evidence),
        leaves_doubt=True,
    )


def _count_empty(evidence: Evidence) -> tuple[int, int]:
    """Return the number of pixels with a class in the masks, and of those with no predicted one.

    Both are 0 if the masks hold one class more than there are channels, which is background.
    """
    pairs, ignored = evidence.pairs.pool(), evidence.interpretation.ignore_index
    channels = evidence.interpretation.layout.y_pred.channels
    nothing = {*VOID_LABELS, ignored}
    truths = {label for label in pairs.count_truths() if not is_no_class(label)} - nothing
    if not truths or max(truths) == channels:
        return 0, 0
    pairs = pairs.keep_rows((pairs.truth >= 0) & (pairs.truth < channels))
    if ignored is not None:
        pairs = pairs.keep_rows(pairs.truth != ignored)
    return pairs.total, int(pairs.count[is_no_class(pairs.prediction)].sum())
