"""Find channels that overlap, nearly all of whose scores lie on one side of the threshold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.predictions._cuts import GAIN, Cuts, find_best_cut, list_cuts
from iou_doctor.checks.predictions._place_of_threshold import advise_on_threshold, name_place
from iou_doctor.checks.wording import join_words
from iou_doctor.report.finding import Finding, Rule

OBJECT = 1
"""The place of the foreground among the two classes of a channel."""
MOST_NAMED = 5
"""Maximum number of channels whose thresholds the message lists."""
Thresholds = Mapping[int, float]
"""A threshold for each of some channels."""


def find_cuts_of_channels(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Look for another threshold for some channels, or for one that suits all of them.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
    """
    if evidence.scores_of_channels is None:
        return []
    given, pairs = evidence.interpretation.threshold, evidence.scores_of_channels
    channels = {
        channel: cuts
        for channel in sorted(set(pairs.image.tolist()))
        if (cuts := list_cuts(pairs.select_images(channel, channel + 1)))
    }
    best = {channel: find_best_cut(cuts, given) for channel, cuts in channels.items()}
    off = {channel: cut for channel, cut in best.items() if cut is not None}
    if not off:
        return []
    common = _find_common_cut(channels, off)
    thresholds = off if common is None else dict.fromkeys(off, common)
    before, after = evidence.repaired.mean_iou, _score(evidence, channels, thresholds)
    if before is None or after <= before + GAIN / len(evidence.repaired.per_class):
        return []
    return [_build_finding(rule, evidence, thresholds, after, is_common=common is not None)]


def _find_common_cut(channels: Mapping[int, Cuts], off: Thresholds) -> float | None:
    """Return the threshold that suits all channels about as well as one for each, if one does."""
    if len(off) < max(2, len(channels)):
        return None

    def score(common: float | None) -> float:
        cuts = {one: own if common is None else common for one, own in off.items()}
        return float(np.mean([channels[one].score(cut)[OBJECT] for one, cut in cuts.items()]))

    best = max(off.values(), key=score)
    return best if score(best) >= score(None) - GAIN else None


def _score(evidence: Evidence, channels: Mapping[int, Cuts], thresholds: Thresholds) -> float:
    """Return the mean IoU of the channels at other thresholds for some of them."""
    given = {entry.id: entry.iou for entry in evidence.repaired.per_class}
    changed = {one: channels[one].score(cut)[OBJECT] for one, cut in thresholds.items()}
    return float(np.mean([iou for iou in {**given, **changed}.values() if iou is not None]))


def _build_finding(
    rule: Rule, evidence: Evidence, thresholds: Thresholds, after: float, *, is_common: bool
) -> Finding:
    given, before = evidence.interpretation.threshold, evidence.repaired.mean_iou
    names = evidence.interpretation.class_names
    each = [f"{cut:g} for class {names[one]}" for one, cut in thresholds.items()]
    more = [f"others for {len(each) - MOST_NAMED} more"] if len(each) > MOST_NAMED else []
    cuts = join_words(each[:MOST_NAMED] + more)
    if is_common:
        cuts = f"{next(iter(thresholds.values())):g} for all of them"
    many = len(thresholds) > 1 and not is_common
    return Finding(
        rule,
        message=f"the mean IoU of the channels is {before:.4f} at the threshold {given:g} and would"
        f" be {after:.4f} at {cuts}",
        help=_tell_of_logits(evidence)
        + advise_on_threshold(
            f"{'them' if many else 'one'} on held-out data and"
            f" {_say_how(evidence, thresholds, is_common=is_common)}"
        ),
        facts={
            "threshold": given,
            "mean_iou": before,
            "best_thresholds": {str(one): cut for one, cut in thresholds.items()},
            "best_mean_iou": after,
        },
    )


def _tell_of_logits(evidence: Evidence) -> str:
    """Return what is odd about logits of which none is negative; empty if some are."""
    low = evidence.stats.y_pred.minimum
    if evidence.interpretation.y_pred is not Encoding.LOGITS or low is None or low < 0:
        return ""
    return (
        "a metric takes scores above 1 for logits, but logits are below 0 as well: look for samples"
        " whose scores were multiplied or added up; else "
    )


def _say_how(evidence: Evidence, thresholds: Thresholds, *, is_common: bool) -> str:
    """Return how to apply the thresholds; a metric that takes logits compares their sigmoid."""
    cut = next(iter(thresholds.values()))
    if is_common and evidence.interpretation.y_pred is not Encoding.LOGITS:
        return name_place(evidence.metric, cut)
    axes, given = evidence.interpretation.layout.y_pred, evidence.interpretation.threshold
    every = [f"{thresholds.get(channel, given):g}" for channel in range(axes.channels)]
    sizes = [axes.channels if axis == axes.channel else 1 for axis in range(len(axes.shape))]
    cuts = f"{cut:g}" if is_common else f"np.reshape([{', '.join(every)}], {sizes})"
    them = "them" if len(thresholds) > 1 and not is_common else "it"
    dtype = evidence.pair.y_pred.dtype
    return f'apply {them}: predictions = (predictions >= {cuts}).astype("{dtype}")'
