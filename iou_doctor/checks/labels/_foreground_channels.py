"""Channels of classes, objects or candidates of the foreground, with none for the background.

An argmax gives each pixel of the background to one of them. That most of these pixels lie in no
channel tells such channels from those of all classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import MOST_CLASSES
from iou_doctor.arrays.layout import COLOUR_CHANNELS
from iou_doctor.checks.assignment import assign
from iou_doctor.checks.background_channel import (
    CUT,
    choose_channel_cut,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import LEAST_ADVANTAGE, LEAST_REMAP_GAIN, score_as_given
from iou_doctor.checks.labels._channel_fit import (
    Channels,
    build_finding,
    read_channels,
    write_cut,
)
from iou_doctor.checks.labels._parts_of_foreground import LEAST_IOU, find_union
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.metrics.score import compute_score
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

LEAST_SHARE_OUTSIDE = 0.5
"""Share of the pixels of label 0 above which they lie in no channel."""
LEAST_SHARE_OF_NOISE, LEAST_RATIO = 0.1, 2.5
"""The same for noisy channels, one for each label but 0, and the minimum ratio of this share to the
share of all other pixels that lie in no channel. Void areas lie in a channel as often as others."""
LEAST_SHARE_OF_BACKGROUND = 0.1
"""Minimum share of label 0 in the pixels then. Void at the edges of objects is less."""
LEAST_IOU_OF_NOISE = 0.2
"""Minimum mean IoU of noisy channels with the labels."""
LEAST_SHARE_OF_NOTHING = 0.9
"""The same if there is no other label."""
LEAST_IOU_OF_BYTES = 0.5
"""The same for three or four channels of bytes, which may be a picture of coloured objects."""


def find_foreground_channels(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Look for channels that leave most of the background to none of them.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
    """
    channels = read_channels(evidence)
    if channels is None:
        return []
    if channels.outside <= LEAST_SHARE_OUTSIDE:
        if not _are_noisy(channels):
            return []
        return _find_classes(rule, evidence, channels, LEAST_IOU_OF_NOISE)
    interpretation, count = evidence.interpretation, len(channels.labels)
    if count == 1:
        return _find_nothing(rule, evidence, channels)
    may_be_picture = _may_be_picture(evidence, channels)
    least = LEAST_IOU_OF_BYTES if may_be_picture else LEAST_IOU
    if count > 2 or (interpretation.num_classes_declared and interpretation.num_classes > 2):
        found = _find_classes(rule, evidence, channels, least)
        if found or count == 2:
            return found
    return [] if may_be_picture else find_union(rule, evidence, channels)


def _are_noisy(channels: Channels) -> bool:
    """Return whether there is a channel for each label but 0, which lies in none far more often."""
    both, count = channels.both, channels.axes.channels
    if channels.side is not Side.PREDICTIONS or channels.labels.tolist() != list(range(count + 1)):
        return False
    others = both[1:, -1].sum() / max(1, both[1:].sum())
    is_large = both[0].sum() >= LEAST_SHARE_OF_BACKGROUND * both.sum()
    least = max(LEAST_SHARE_OF_NOISE, LEAST_RATIO * others)
    return count > 1 and bool(is_large) and channels.outside >= least


def _find_nothing(rule: Rule, evidence: Evidence, channels: Channels) -> list[Finding]:
    """Look for channels beside nothing but background, nearly all of which lies in none."""
    if channels.outside < LEAST_SHARE_OF_NOTHING:
        return []
    meaning = np.arange(1, channels.axes.channels + 1)
    return [_report_classes(rule, evidence, channels, None, _score(channels, meaning))]


def _may_be_picture(evidence: Evidence, channels: Channels) -> bool:
    """Return whether predicted channels are three or four bytes, stored as such or divided."""
    values, count = evidence.stats.y_pred, channels.both.shape[1] - 1
    are_bytes = choose_channel_cut(evidence) > CUT or (
        values.fractional and not values.off_255_grid
    )
    return channels.side is Side.PREDICTIONS and count in COLOUR_CHANNELS and bool(are_bytes)


def _find_classes(
    rule: Rule, evidence: Evidence, channels: Channels, least: float
) -> list[Finding]:
    """Look for channels that are one label each, in ascending order or in another one."""
    labels, iou = channels.labels[1:], channels.compute_iou()
    if labels[-1] >= MOST_CLASSES:
        return []  # no class ids
    count = iou.shape[1]
    rows, columns = assign(iou)
    fit = iou[rows, columns].sum() / len(labels)
    meaning = np.arange(1, count + 1)
    is_in_order = labels[-1] <= count
    if is_in_order:
        usual = iou[np.arange(len(labels)), labels - 1].mean()
        is_in_order = usual >= fit - LEAST_ADVANTAGE
    if not is_in_order:
        if len(rows) < count:
            return []  # channels without a label
        meaning[columns] = labels[rows]
    after = _score(channels, meaning)
    if fit < least or after < score_as_given(evidence) + LEAST_REMAP_GAIN:
        return []
    return [_report_classes(rule, evidence, channels, None if is_in_order else meaning, after)]


def _score(channels: Channels, meaning: NDArray[np.int64]) -> float:
    """Return the mean IoU if each channel has this label, and pixels in no channel have 0."""

    def name(found: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(is_no_class(found), 0, meaning[np.maximum(found, 0)])

    classes = int(max(meaning.max(), channels.labels[-1])) + 1
    pairs = channels.pairs.relabel(prediction=name)
    return compute_score(pairs=pairs, num_classes=classes, ignore_index=None).mean_iou or 0.0


def _report_classes(
    rule: Rule,
    evidence: Evidence,
    channels: Channels,
    meaning: NDArray[np.int64] | None,
    after: float,
) -> Finding:
    name, axis = channels.side.value, channels.axes.channel
    ids, order, matching = f"{name}.argmax({axis}) + 1", "", ""
    if meaning is not None:
        ids = f"np.array({meaning.tolist()})[{name}.argmax({axis})]"
        if (np.diff(meaning) < 0).any():
            order = ", in another order"
            matching = ", or match the objects if the ids number objects"
    if channels.outside <= LEAST_SHARE_OUTSIDE:
        matching += "; if label 0 is void and no background, --ignore-index 0 and masks - 1"
    cut = write_cut(evidence, channels.side)
    is_known = len(channels.labels) > 1
    return build_finding(
        rule,
        evidence,
        channels,
        what=f"each channel of the {name} is one label of the {channels.other}{order}"
        if is_known
        else f"the {channels.other} hold no label but 0, beside channels of the {name}",
        then="with the pixels in no channel as 0",
        help_text=f"{name} = np.where({name}.max({axis}) > {cut}, {ids}, 0){matching}",
        after=after,
        repair="give pixels in no channel to the background",
    )
