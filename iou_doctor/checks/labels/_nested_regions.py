"""Channels that are regions, each inside another, beside masks of class ids.

The networks for brain tumours predict the whole tumour, its core, and what enhances, while the
masks hold a class id for each part. A region is then the union of some parts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.background_channel import write_channel_cut
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.labels._channel_fit import list_label_ids
from iou_doctor.checks.wording import join_words
from iou_doctor.counts.pair_counts import PairCounts
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
LARGEST_ABSENT = 0.5
"""Pixels of a region that no mask holds, as a share of those of the smallest other region."""

Flags = NDArray[np.bool_]


@record
class Regions:
    """The labels of the masks that make up each predicted channel."""

    labels: tuple[tuple[int, ...], ...]
    mean_iou: float
    """That of the channels."""
    has_others: bool
    """Whether the masks hold labels that lie in no channel apart from 0, such as void."""


def find_nested_regions(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Look for channels that lie inside each other.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
    """
    if evidence.by_channels is None:
        return []
    regions = _find_regions(evidence, evidence.by_channels.pool())
    return [] if regions is None else [_report(rule, evidence, regions)]


def _find_regions(evidence: Evidence, pairs: PairCounts) -> Regions | None:
    interpretation = evidence.interpretation
    channels = interpretation.layout.y_pred.channels
    found = pairs.count_truths().keys() - {interpretation.ignore_index}
    known = np.isin(pairs.truth, list_label_ids(found))
    pairs, has_void = pairs.keep_rows(known), not known.all()
    labels, row = np.unique(pairs.truth, return_inverse=True)
    inside = (pairs.prediction[:, np.newaxis] >> np.arange(channels)) & 1 > 0
    shared = np.zeros((len(labels), channels), dtype=np.int64)
    np.add.at(shared, row, pairs.count[:, np.newaxis] * inside)
    totals = np.bincount(row, weights=pairs.count).astype(np.int64)[:, np.newaxis]
    members = shared > LEAST_SHARE_INSIDE * totals
    if not _are_nested(members, labels) or _measure_apart(pairs, inside, members) > (
        LARGEST_SHARE_APART * pairs.count[inside.any(axis=1)].sum()
    ):
        return None
    both, predicted = (shared * members).sum(axis=0), shared.sum(axis=0)
    union = predicted + (totals * members).sum(axis=0) - both
    iou, held = both / np.maximum(union, 1), members.any(axis=0)
    is_small = predicted[~held] <= LARGEST_ABSENT * predicted[held].min()
    if iou[held].min() < LEAST_IOU or not is_small.all():
        return None
    chosen = tuple(tuple(labels[column].tolist()) for column in members.T)
    return Regions(chosen, float(iou[union > 0].mean()), has_void)


def _are_nested(members: Flags, labels: NDArray[np.int64]) -> bool:
    """Return whether two channels hold labels inside each other, and no two ones cross.

    Background has at most a channel of its own, all other labels have one, and at most one channel
    has no label: a region that no mask holds.

    Args:
        members: whether each label (rows) lies in each channel (columns).
        labels: the labels.
    """
    sizes, has_zero = members.sum(axis=0), members[labels == 0].any(axis=0)
    if (sizes == 0).sum() > 1 or (sizes[has_zero] > 1).any():
        return False
    if not members[labels != 0].any(axis=1).all():
        return False
    common = members.T.astype(np.int64) @ members
    smaller = np.minimum(sizes, sizes[:, np.newaxis])
    is_other = ~np.eye(len(sizes), dtype=bool)
    is_inside = (common > 0) & (common == smaller) & is_other
    differ = sizes != sizes[:, np.newaxis]
    return bool(is_inside.any() and (differ | (common == 0))[is_other].all()) and bool(
        ((common == 0) | (common == smaller)).all()
    )


def _measure_apart(pairs: PairCounts, inside: Flags, members: Flags) -> int:
    """Return the pixels that lie in an inner region, but not in the outer one."""
    apart = np.zeros(len(inside), dtype=bool)
    for inner in range(members.shape[1]):
        for outer in range(members.shape[1]):
            is_part = not (members[:, inner] & ~members[:, outer]).any()
            if inner != outer and is_part and members[:, inner].any():
                apart |= inside[:, inner] & ~inside[:, outer]
    return int(pairs.count[apart].sum())


def _report(rule: Rule, evidence: Evidence, regions: Regions) -> Finding:
    parts = join_words(
        f"channel {channel} covers {_name_labels(labels)}"
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


def _name_labels(labels: tuple[int, ...]) -> str:
    if not labels:
        return "no label"
    return f"label{'s' if len(labels) > 1 else ''} {join_words(labels)}"


def _write_help(evidence: Evidence, regions: Regions) -> str:
    layout = evidence.interpretation.layout
    whole = set().union(*regions.labels) - {0}
    names = ", ".join(
        "masks > 0" if set(labels) == whole and not regions.has_others else _write_region(labels)
        for labels in regions.labels
    )
    extra = layout.y_true.channel
    first = "" if extra is None else f"masks = masks.squeeze({extra}); "
    axis, cut = layout.y_pred.channel, write_channel_cut(evidence)
    call = f"torchmetrics.JaccardIndex(task='multilabel', num_labels={len(regions.labels)})"
    return (
        f'{first}masks = np.stack([{names}], axis={axis}).astype("uint8"), then score each'
        f" channel of predictions > {cut} on its own, for instance by {call}; take no argmax"
    )


def _write_region(labels: tuple[int, ...]) -> str:
    if not labels:
        return "np.zeros(masks.shape)"
    if len(labels) == 1:
        return f"masks == {labels[0]}"
    return f"np.isin(masks, {list(labels)})"
