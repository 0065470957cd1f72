"""Channels of scores that fit none of two classes: those of objects, or of candidates for one."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import Encoding, Interpretation
from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.report.finding import Finding, Rule

FEWEST_CHANNELS = 3
"""Number of channels from which they are more than background and object."""
LEAST_FIT = 0.5
"""IoU from which the pixels where a channel is the largest are those of a class."""
LEAST_SHARE_OFF = 0.1
"""Share of the pixels whose channels do not sum to 1, from which the scores are no softmax."""

LEAST_AGREEMENT = 0.7
"""Sums of channels, as shares of the most extreme ones possible, from which the channels agree."""
LEAST_SHARE_OF_TIES = 0.1
"""Share of the pixels whose largest channels are equal, from which the channels are independent."""


def find_scores_of_objects(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Look for channels of scores beside masks of two labels that no argmax fits.

    Only the largest channel of each pixel was counted, so what they are is not known, and no
    repair is offered.
    """
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    if not _may_be_objects(interpretation, values):
        return []
    pairs = evidence.pairs.pool()
    labels = {label for label in pairs.count_truths() if not is_no_class(label)}
    labels -= {interpretation.ignore_index}
    if labels not in ({0, 1}, {0, 255}, {0, 1, 255}):
        return []
    label = 1 if 1 in labels else 255
    fit = _measure_fit(pairs, label)
    axes = interpretation.layout.y_pred
    if fit >= LEAST_FIT or not _are_independent(values, axes.channels):
        return []
    cut = 0.5 if interpretation.y_pred is Encoding.PROBABILITIES else 0.0
    return [
        Finding(
            rule,
            message=f"predictions of shape {axes.shape} have {axes.channels} channels of scores,"
            f" while the masks hold only 0 and {label}; no channel is a class of these, because the"
            f" pixels where it is the largest and those of {label} have an IoU of at most"
            f" {fit:.2f}",
            help="if the channels are candidates for one object, as SAM returns, keep the one that"
            " the model scores highest; if each is an object, predictions = (predictions >="
            f" {cut:g}).any(axis={axes.channel}); if they are classes, check the masks",
            facts={
                "array": "predictions",
                "channels": axes.channels,
                "labels": sorted(labels),
                "best_iou": fit,
            },
        )
    ]


def _may_be_objects(interpretation: Interpretation, values: ValueCounts) -> bool:
    """Return whether the predictions are more channels than two, and neither labels nor softmax."""
    classes = interpretation.num_classes if interpretation.num_classes_declared else 2
    is_single_mask = not interpretation.y_true.is_dense and classes <= 2
    are_scores = interpretation.y_pred in {Encoding.PROBABILITIES, Encoding.LOGITS}
    if not are_scores or not is_single_mask or not values.fractional:
        return False
    layout = interpretation.layout
    is_off = values.sum_off >= LEAST_SHARE_OFF * values.pixels
    is_paired = layout.relation is not Relation.MISMATCHED
    return is_off and is_paired and layout.y_pred.channels >= FEWEST_CHANNELS


def _measure_fit(pairs: PairCounts, label: int) -> float:
    """Return the highest IoU of the pixels of a label and those where a channel is the largest."""
    inside, predicted = pairs.keep_rows(pairs.truth == label), pairs.count_predictions()
    return max(
        (
            hits / (inside.total + predicted[channel] - hits)
            for channel, hits in inside.count_predictions().items()
            if not is_no_class(channel)
        ),
        default=0.0,
    )


def _are_independent(values: ValueCounts, channels: int) -> bool:
    """Return whether channels are high together and low together, or often equal.

    Scores of classes hardly are, unless a ReLU cuts them. Candidates for one object are nested, and
    many pixels are as far from all objects.
    """
    low, high, least, most = (
        values.minimum or 0.0,
        values.maximum or 0.0,
        values.minimum_sum or 0.0,
        values.maximum_sum or 0.0,
    )
    is_cut = low == 0 and high > 1
    if values.ties >= LEAST_SHARE_OF_TIES * values.pixels and not is_cut:
        return True
    if high <= 0 or most < LEAST_AGREEMENT * channels * high:
        return False
    return least <= (LEAST_AGREEMENT * channels * low if low < 0 else (1 - LEAST_AGREEMENT) * high)
