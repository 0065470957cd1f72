"""Channels that are regions, each inside another, beside masks of class ids.

The networks for brain tumours predict the whole tumour, its core, and what enhances, while the
masks hold a class id for each part. A region is then the union of some parts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import join_words
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

LEAST_SHARE_INSIDE = 0.5
"""Share of the pixels of a label above which they lie in a channel."""
LEAST_IOU = 0.3
"""Minimum IoU of each channel with the labels inside it. A weak model finds that much even of the
smallest region, which is the hardest; channels of another meaning have no labels inside at all."""
LARGEST_SHARE_APART = 0.25
"""Share of the pixels with a channel that may lie in an inner region but not in the outer one:
each channel has its own errors, and those of a weak model are many."""


@record
class Regions:
    """The labels of the masks that make up each predicted channel."""

    labels: tuple[tuple[int, ...], ...]
    mean_iou: float
    """That of the channels."""
    has_others: bool
    """Whether the masks hold labels that mean void."""


def find_nested_regions(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Look for channels of which each but one lies inside another.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
    """
    regions = _find_regions(evidence)
    return [] if regions is None else [_report(rule, evidence, regions)]


def _find_regions(evidence: Evidence) -> Regions | None:
    if evidence.by_channels is None:
        return None
    pairs, channels = evidence.by_channels.pool(), evidence.interpretation.layout.y_pred.channels
    ignored = evidence.interpretation.ignore_index
    nothing = [*VOID_LABELS] if ignored is None else [*VOID_LABELS, ignored]
    known = ~is_no_class(pairs.truth) & ~np.isin(pairs.truth, nothing)
    pairs, has_others = pairs.keep_rows(known), not known.all()
    labels, row = np.unique(pairs.truth, return_inverse=True)
    inside = (pairs.prediction[:, np.newaxis] >> np.arange(channels)) & 1 > 0
    count = pairs.count[:, np.newaxis]
    shared = np.zeros((len(labels), channels), dtype=np.int64)
    np.add.at(shared, row, count * inside)
    totals = np.bincount(row, weights=pairs.count).astype(np.int64)[:, np.newaxis]
    members = shared > LEAST_SHARE_INSIDE * totals
    order = np.argsort(-members.sum(axis=0), kind="stable")
    if not _are_nested(members[:, order]) or members[labels == 0].any():
        return None
    nested = inside[:, order]
    apart = (nested[:, 1:] & ~nested[:, :-1]).any(axis=1)
    if pairs.count[apart].sum() > LARGEST_SHARE_APART * pairs.count[inside.any(axis=1)].sum():
        return None
    both = (shared * members).sum(axis=0)
    iou = both / (shared.sum(axis=0) + (totals * members).sum(axis=0) - both)
    if iou.min() < LEAST_IOU:
        return None
    chosen = tuple(tuple(labels[column].tolist()) for column in members.T)
    return Regions(chosen, float(iou.mean()), has_others)


def _are_nested(members: NDArray[np.bool_]) -> bool:
    """Return whether each column has one label less than the one before it, and no other one."""
    sizes = members.sum(axis=0)
    loses_one = (np.diff(sizes) == -1).all() and sizes[-1] == 1
    return bool(loses_one and not (members[:, 1:] & ~members[:, :-1]).any())


def _report(rule: Rule, evidence: Evidence, regions: Regions) -> Finding:
    parts = join_words(
        f"channel {channel} covers label{'s' if len(labels) > 1 else ''} {join_words(labels)}"
        for channel, labels in enumerate(regions.labels)
    )
    given = evidence.repaired.mean_iou or 0.0
    return Finding(
        rule,
        message=f"the channels of the predictions are regions inside each other: {parts} of the"
        f" masks; the mean IoU is {given:.4f} with an argmax and {regions.mean_iou:.4f} over the"
        " regions",
        help=_write_help(evidence, regions),
        facts={
            "array": Side.PREDICTIONS.value,
            "channels": len(regions.labels),
            "regions": [list(labels) for labels in regions.labels],
            "mean_iou": given,
            "mean_iou_of_regions": regions.mean_iou,
        },
        repair=Repair(
            name="build the regions from the labels of the masks",
            safe=True,
            mean_iou_after=regions.mean_iou,
            estimated=True,
        ),
    )


def _write_help(evidence: Evidence, regions: Regions) -> str:
    layout = evidence.interpretation.layout
    whole = max(regions.labels, key=len)
    names = ", ".join(
        "masks > 0" if labels == whole and not regions.has_others else _write_region(labels)
        for labels in regions.labels
    )
    extra = layout.y_true.channel
    first = "" if extra is None else f"masks = masks.squeeze({extra}); "
    axis, cut = layout.y_pred.channel, "0" if _are_logits(evidence) else "0.5"
    call = f"torchmetrics.JaccardIndex(task='multilabel', num_labels={len(regions.labels)})"
    return (
        f'{first}masks = np.stack([{names}], axis={axis}).astype("uint8"), then score each channel'
        f" of predictions > {cut} on its own, for instance by {call}; take no argmax"
    )


def _write_region(labels: tuple[int, ...]) -> str:
    if len(labels) == 1:
        return f"masks == {labels[0]}"
    return f"np.isin(masks, {list(labels)})"


def _are_logits(evidence: Evidence) -> bool:
    return evidence.interpretation.y_pred is Encoding.LOGITS
