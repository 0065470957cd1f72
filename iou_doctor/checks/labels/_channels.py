"""Channels that overlap and stand for other labels than the user thinks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.assignment import assign
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

Ratios = NDArray[np.float64]
LEAST_GAIN = 0.1
"""Minimum gain in mean IoU, and in the IoU of each channel that moves. If masks are inverted, the
background gains too, but not with an untrained model that predicts most of the image as object."""
LEAST_SHARE = 0.01
"""Minimum share of the pixels that a channel covers, and leaves out, in both arrays: a channel that
is empty in one of them agrees with any inverse."""
LEAST_ALL_INVERTED = 0.4
"""Minimum mean IoU of the channels if all of them are inverted."""
LEAST_MATCH = 0.3
"""Minimum IoU of each channel that moves, in its new place."""


def find_permuted_channels(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Look for an order of the predicted channels that fits far better."""
    if evidence.overlaps is None:
        return []
    iou = evidence.overlaps.compute_iou()
    given = np.diagonal(iou)
    if not (iou.max(axis=1) >= given + LEAST_GAIN).any():
        return []
    inverse = np.diagonal(evidence.overlaps.invert_masks().compute_iou())
    _, order = assign(iou)
    found = iou[np.arange(len(iou)), order]
    moved = order != np.arange(len(iou))
    least = np.maximum(given + LEAST_GAIN, LEAST_MATCH)
    told = moved & (evidence.overlaps.truth > 0)
    if told.sum() < 2 or (found < least)[told].any() or found.mean() < given.mean() + LEAST_GAIN:
        return []
    if inverse.mean() >= found.mean():
        return []  # for inverted-masks: what is left out of a channel may look like another one
    places: list[int] = order.tolist()
    changes = join_words(f"{new} from {old}" for new, old in enumerate(places) if new != old)
    return [
        Finding(
            rule,
            message=f"the mean IoU of the channels is {given.mean():.4f} as given and"
            f" {found.mean():.4f} with predicted channel {changes}",
            help=f"predictions = {_write_selection(evidence, places)}",
            facts={
                "array": Side.PREDICTIONS.value,
                "order": places,
                "mean_iou": float(given.mean()),
                "mean_iou_relabelled": float(found.mean()),
            },
            repair=Repair(
                name="put the predicted channels into the order of the masks",
                safe=True,
                steps=(PermuteChannels(Side.PREDICTIONS, tuple(places)),),
            ),
        )
    ]


def find_inverted_channels(
    rule: Rule, evidence: Evidence, *, least: float, gain: float
) -> list[Finding]:
    """Look for masks all of whose channels are inverted.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
        least: the minimum mean IoU of the inverted masks.
        gain: the minimum gain in mean IoU.
    """
    if evidence.overlaps is None:
        return []
    overlaps, inverted_masks = evidence.overlaps, evidence.overlaps.invert_masks()
    given = np.diagonal(overlaps.compute_iou())
    inverse = np.diagonal(inverted_masks.compute_iou())
    rest_gains = inverted_masks.compute_rest_iou() - overlaps.compute_rest_iou()
    seen = np.minimum(overlaps.truth, overlaps.predicted)
    unseen = overlaps.pixels - np.maximum(overlaps.truth, overlaps.predicted)
    has_both = np.minimum(seen, unseen) >= LEAST_SHARE * overlaps.pixels
    has_both &= rest_gains >= LEAST_GAIN
    inverted = has_both & (inverse >= least) & (inverse >= given + gain)
    if _is_all_inverted(given, inverse, gain) and has_both.any() and (rest_gains >= 0).all():
        inverted = np.ones_like(inverted)
    if not inverted.any():
        return []
    before, after = float(given.mean()), float(np.where(inverted, inverse, given).mean())
    places: list[int] = np.flatnonzero(inverted).tolist()
    which = "all channels" if inverted.all() else describe_channels(places)
    return [
        Finding(
            rule,
            message=f"the mean IoU of the channels is {before:.4f} as given and {after:.4f} with"
            f" {which} of the masks inverted",
            help=f"{_write_inversion(evidence, places)}, or invert the predictions, whichever uses"
            " 1 (or white) for the background",
            facts={"mean_iou": before, "mean_iou_inverted": after, "channels": places},
            repair=Repair("invert the masks", safe=True, steps=(Relabel(Side.MASKS, {0: 1, 1: 0}),))
            if inverted.all()
            else Repair(f"invert {which}", safe=True, mean_iou_after=after, estimated=True),
        )
    ]


def _is_all_inverted(given: Ratios, inverse: Ratios, gain: float) -> bool:
    """Return whether all channels gain from inversion, though a few may stay weak."""
    better = bool((inverse >= given).all())
    return better and inverse.mean() >= max(LEAST_ALL_INVERTED, given.mean() + gain)


def describe_channels(channels: list[int]) -> str:
    """Return `channel 1` or `channels 0 and 2`."""
    return f"channel{'s' if len(channels) > 1 else ''} {join_words(map(str, channels))}"


def _write_inversion(evidence: Evidence, channels: list[int]) -> str:
    axes, dtype = evidence.interpretation.layout.y_true, evidence.pair.y_true.dtype
    if len(channels) == axes.channels:
        return f'masks = (masks == 0).astype("{dtype}")'
    place = ", ".join([":"] * (axes.channel or 0) + [str(channels)])
    return f"masks[{place}] = 1 - masks[{place}]"


def _write_selection(evidence: Evidence, order: list[int]) -> str:
    axis = evidence.interpretation.layout.y_pred.channel or 0
    return f"np.take(predictions, {order}, axis={axis})"
