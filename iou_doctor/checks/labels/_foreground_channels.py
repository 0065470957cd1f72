"""Channels of classes, objects or candidates of the foreground, with none for the background.

An argmax gives each pixel of the background to one of them. That most of these pixels lie in no
channel tells such channels from those of all classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import COLOUR_CHANNELS
from iou_doctor.checks.background_channel import (
    CUT,
    MOST_CANDIDATES,
    choose_channel_cut,
    write_channel_cut,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import LEAST_ADVANTAGE, LEAST_REMAP_GAIN, score_as_given
from iou_doctor.checks.labels._channel_fit import Channels, read_channels, score_mask
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.metrics.score import compute_score
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

LEAST_SHARE_OUTSIDE = 0.5
"""Share of the pixels of label 0 above which they lie in no channel."""
LEAST_SHARE_OF_NOTHING = 0.9
"""The same if there is no other label."""
LEAST_IOU = 0.3
"""Minimum IoU of the foreground, or of the channels with their labels on average; a weak model
finds that much."""
LEAST_IOU_OF_BYTES = 0.5
"""The same for three or four channels of bytes, which may be a picture of coloured objects."""


def find_foreground_channels(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Look for channels that leave most of the background to none of them.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
    """
    channels = read_channels(evidence)
    if channels is None or channels.outside <= LEAST_SHARE_OUTSIDE:
        return []
    interpretation, count = evidence.interpretation, len(channels.labels)
    if count == 1:
        return _find_nothing(rule, evidence, channels)
    may_be_picture = _may_be_picture(evidence, channels)
    least = LEAST_IOU_OF_BYTES if may_be_picture else LEAST_IOU
    if count > 2 or (interpretation.num_classes_declared and interpretation.num_classes > 2):
        found = _find_classes(rule, evidence, channels, least)
        if found or count == 2:
            return found
    return [] if may_be_picture else _find_union(rule, evidence, channels)


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
    from scipy.optimize import linear_sum_assignment

    labels, iou = channels.labels[1:], channels.compute_iou()
    count = iou.shape[1]
    rows, columns = linear_sum_assignment(-iou)
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
    cut = _write_cut(evidence, channels)
    is_known = len(channels.labels) > 1
    return _build_finding(
        rule,
        evidence,
        channels,
        what=f"each channel of the {name} is one label of the {channels.other}{order}"
        if is_known
        else f"the {channels.other} hold no label but 0, beside channels of the {name}",
        then="with the pixels in no channel as 0",
        help_text=f"{name} = np.where({name}.max({axis}) > {cut}, {ids}, 0){matching}",
        after=after,
    )


def _find_union(rule: Rule, evidence: Evidence, channels: Channels) -> list[Finding]:
    """Look for channels of which all together, or one of a few, are the foreground."""
    axes, labels, both = channels.axes, channels.labels, channels.both
    name, other, axis = channels.side.value, channels.other.value, axes.channel
    hits, wrong = both[1:, :-1].sum(), both[0, :-1].sum()
    (after, overlap), single = score_mask(both, hits, wrong), None
    cut, then = _write_cut(evidence, channels), "with their union"
    help_text = f"{name} = ({name} > {cut}).any(axis={axis})"
    if len(labels) > 2:
        if _measure_fit_of_argmax(channels) >= LEAST_IOU:
            return []
        what = f"no channel of the {name} fits a label of the {other}"
        help_text += f"; {other} = {other} > 0, then match the objects, or write the class of each"
        help_text += " into one label map, to score more than the foreground"
        then += " and the foreground"
    else:
        may_be = ", or candidates for it" if axes.channels <= MOST_CANDIDATES else ""
        what = f"the channels of the {name} are parts of label {labels[1]} of the {other}{may_be}"
        single = _find_best_channel(evidence, both)
    if single is not None and single[1][0] >= after + LEAST_ADVANTAGE:
        channel, (after, overlap) = single
        then = f"with channel {channel} alone"
        help_text = f"{name} = np.take({name}, {channel}, axis={axis}) > {cut}"
    if len(labels) == 2:
        help_text += f"; {other} = {other} > 127" if labels[1] == 255 else ""
        help_text += (
            ", or keep the candidate that the model scores highest, as for SAM"
            if axes.channels <= MOST_CANDIDATES
            else ", then match the objects to score each of them"
        )
    if overlap < LEAST_IOU or after < score_as_given(evidence) + LEAST_REMAP_GAIN:
        return []
    return [
        _build_finding(
            rule, evidence, channels, what=what, then=then, help_text=help_text, after=after
        )
    ]


def _measure_fit_of_argmax(channels: Channels) -> float:
    """Return the mean IoU of the labels but 0 with the channels of the same number."""
    iou, labels = channels.compute_iou(), channels.labels[1:]
    rows = np.flatnonzero(labels < iou.shape[1])
    return float(iou[rows, labels[rows]].sum() / len(labels))


def _find_best_channel(
    evidence: Evidence, both: NDArray[np.int64]
) -> tuple[int, tuple[float, float]] | None:
    """Return the channel that fits a single mask best, and its scores; `None` if not counted."""
    if evidence.by_channels is None:
        return None
    pairs = evidence.by_channels.pool()
    scores = []
    for channel in range(both.shape[1] - 1):
        inside = pairs.keep_rows((pairs.prediction >> channel) & 1 > 0).count_truths()
        wrong = inside.pop(0, 0)
        scores.append(score_mask(both, max(inside.get(1, 0), inside.get(255, 0)), wrong))
    best = max(range(len(scores)), key=lambda channel: scores[channel])
    return best, scores[best]


def _write_cut(evidence: Evidence, channels: Channels) -> str:
    """Return the score above which a pixel lies in a channel; masks hold 0 and 1."""
    return write_channel_cut(evidence) if channels.side is Side.PREDICTIONS else f"{CUT:g}"


def _build_finding(
    rule: Rule,
    evidence: Evidence,
    channels: Channels,
    *,
    what: str,
    then: str,
    help_text: str,
    after: float,
) -> Finding:
    layout, side = evidence.interpretation.layout, channels.side
    other = layout.y_true if side is Side.PREDICTIONS else layout.y_pred
    extra = None if other.is_dense else other.channel
    first = "" if extra is None else f"{channels.other} = {channels.other}.squeeze({extra}); "
    outside = format_percent(int(channels.both[0, -1]), int(channels.both[0].sum()))
    before = score_as_given(evidence)
    return Finding(
        rule,
        message=f"{what}, and none is background: {outside} of the"
        f" pixels of label 0 lie in no channel; the mean IoU is {before:.4f} as given and"
        f" {after:.4f} {then}",
        help=first + help_text,
        facts={
            "array": side.value,
            "channels": channels.axes.channels,
            "labels": channels.labels.tolist(),
            "outside": channels.outside,
            "mean_iou": before,
            "mean_iou_after": after,
        },
        repair=Repair(
            name="give pixels in no channel to the background",
            safe=False,
            mean_iou_after=after,
            estimated=True,
        ),
    )
