"""Channels of which all together, or one of a few, are the foreground of the other array."""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.background_channel import MOST_CANDIDATES
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import LEAST_ADVANTAGE, LEAST_REMAP_GAIN, score_as_given
from iou_doctor.checks.labels._channel_fit import Channels, MaskScore, build_finding, write_cut
from iou_doctor.report.finding import Finding, Rule

LEAST_IOU = 0.3
"""Minimum IoU of the foreground; a weak model finds that much. Also the mean IoU of the channels
with the labels of the same number from which an argmax of them is right."""


def find_union(rule: Rule, evidence: Evidence, channels: Channels) -> list[Finding]:
    """Look for channels of objects, or of candidates for one.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
        channels: those that leave most of the background to none of them.
    """
    union = channels.score_mask(channels.both[1:, :-1].sum(), channels.both[0, :-1].sum())
    if len(channels.labels) > 2:
        return _find_objects(rule, evidence, channels, union)
    return _find_parts(rule, evidence, channels, union)


def _is_better(evidence: Evidence, score: MaskScore) -> bool:
    """Return whether a mask fits the foreground, and far better than an argmax of the channels."""
    gain = score.mean_iou - score_as_given(evidence)
    return score.foreground >= LEAST_IOU and gain >= LEAST_REMAP_GAIN


def _find_objects(
    rule: Rule, evidence: Evidence, channels: Channels, union: MaskScore
) -> list[Finding]:
    """Look for objects of several classes; the score of their union is not that of the classes."""
    if not _is_better(evidence, union) or _measure_fit_of_argmax(channels) >= LEAST_IOU:
        return []
    name, other = channels.side.value, channels.other.value
    code = f"{_write_union(evidence, channels)}; {other} = {other} > 0"
    return [
        build_finding(
            rule,
            evidence,
            channels,
            what=f"no channel of the {name} fits a label of the {other}",
            then="if their union is compared with the foreground",
            help_text=f"{code}, then match the objects, or write the class of each into one label"
            " map, to score more than the foreground",
            after=union.mean_iou,
            repair=None,
        )
    ]


def _find_parts(
    rule: Rule, evidence: Evidence, channels: Channels, union: MaskScore
) -> list[Finding]:
    """Look for objects of one class, or candidates for one object."""
    name, other = channels.side.value, channels.other.value
    label, are_few = channels.labels[1], channels.axes.channels <= MOST_CANDIDATES
    score, code = union, _write_union(evidence, channels)
    then, repair = "with their union", f"join the channels of the {name}"
    best, single = _find_best_channel(evidence, channels)
    if single is not None and single.mean_iou >= union.mean_iou + LEAST_ADVANTAGE:
        cut, axis = write_cut(evidence, channels.side), channels.axes.channel
        score, code = single, f"{name} = np.take({name}, {best}, axis={axis}) > {cut}"
        then, repair = f"with channel {best} alone", f"keep channel {best} of the {name}"
    if not _is_better(evidence, score):
        return []
    also = f"; {other} = {other} > 127" if label == 255 else ""
    use = (
        ", or keep the candidate that the model scores highest, as for SAM"
        if are_few
        else ", then match the objects to score each of them"
    )
    may_be = ", or candidates for it" if are_few else ""
    return [
        build_finding(
            rule,
            evidence,
            channels,
            what=f"the channels of the {name} are parts of label {label} of the {other}{may_be}",
            then=then,
            help_text=f"{code}{also}{use}",
            after=score.mean_iou,
            repair=repair,
        )
    ]


def _write_union(evidence: Evidence, channels: Channels) -> str:
    name, cut = channels.side.value, write_cut(evidence, channels.side)
    return f"{name} = ({name} > {cut}).any(axis={channels.axes.channel})"


def _measure_fit_of_argmax(channels: Channels) -> float:
    """Return the mean IoU of the labels but 0 with the channels of the same number."""
    iou, labels = channels.compute_iou(), channels.labels[1:]
    rows = np.flatnonzero(labels < iou.shape[1])
    return float(iou[rows, labels[rows]].sum() / len(labels))


def _find_best_channel(evidence: Evidence, channels: Channels) -> tuple[int, MaskScore | None]:
    """Return the channel that fits a single mask best, and its score; `None` if not counted."""
    if evidence.by_channels is None:
        return 0, None
    pairs = evidence.by_channels.pool()
    scores = []
    for channel in range(channels.axes.channels):
        inside = pairs.keep_rows((pairs.prediction >> channel) & 1 > 0).count_truths()
        hits = inside.get(int(channels.labels[1]), 0)
        scores.append(channels.score_mask(hits, inside.get(0, 0)))
    best = max(range(len(scores)), key=lambda channel: scores[channel].mean_iou)
    return best, scores[best]
