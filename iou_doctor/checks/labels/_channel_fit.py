"""How channels that leave out the background fit the labels of the other array."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.checks.background_channel import CUT, write_channel_cut
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import score_as_given
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule


class MaskScore(NamedTuple):
    """How well a mask fits the foreground."""

    mean_iou: float
    """That of background and foreground."""
    foreground: float
    """The IoU of the foreground."""


@record(eq=False)
class Channels:
    """How channels that leave out the background fit the labels of the other array."""

    side: Side
    """The array with the channels."""
    other: Side
    axes: Axes
    """Those of this array."""
    pairs: PairCounts
    """The labels of the other array, and the largest channel of each pixel that lies in one."""
    labels: NDArray[np.int64]
    """The labels but void, in ascending order; the first one is 0."""
    both: NDArray[np.int64]
    """Pixels of each label and channel, shape (labels, channels + 1); the last column counts those
    in no channel."""

    @property
    def outside(self) -> float:
        """The share of the pixels of label 0 that lie in no channel."""
        return float(self.both[0, -1] / max(1, self.both[0].sum()))

    def compute_iou(self) -> NDArray[np.float64]:
        """Return the IoU of each label but 0 (rows) with each channel (columns)."""
        union = self.both.sum(axis=1, keepdims=True) + self.both.sum(axis=0) - self.both
        iou: NDArray[np.float64] = self.both / np.maximum(union, 1)
        return iou[1:, :-1]

    def score_mask(self, hits: int, wrong: int) -> MaskScore:
        """Return the scores of a mask of the foreground.

        Args:
            hits: pixels of the foreground that are taken for it.
            wrong: pixels of the background that are taken for foreground.
        """
        background, foreground = int(self.both[0].sum()), int(self.both[1:].sum())
        overlap = float(hits / (foreground + wrong))
        rest = float((background - wrong) / (background + foreground - hits))
        return MaskScore((overlap + rest) / 2, overlap)


def list_label_ids(labels: Collection[int]) -> list[int]:
    """Return the labels that may be classes, in ascending order.

    255 is one in masks of 0 and 255, and at the end of equal steps: 0, 128 and 255.
    """
    known = sorted(label for label in labels if not is_no_class(label))
    steps = np.linspace(0, 255, len(known))
    if len(known) > 1 and known[-1] == 255 and np.abs(steps - known).max() <= 1:
        return known
    return [label for label in known if label not in VOID_LABELS]


def read_channels(evidence: Evidence) -> Channels | None:
    """Return how the channels of one array fit the labels of the other one, if they may."""
    interpretation, stats, pairs = evidence.interpretation, evidence.stats, evidence.pairs
    if interpretation.is_multilabel or interpretation.layout.relation is Relation.MISMATCHED:
        return None
    sides, ignored = (Side.PREDICTIONS, Side.MASKS), interpretation.ignore_index
    if evidence.by_top is not None:
        pairs = evidence.by_top
    elif interpretation.y_true is Encoding.ONE_HOT and stats.y_true.all_zero:
        sides, pairs, ignored = (Side.MASKS, Side.PREDICTIONS), pairs.swap_sides(), None
    elif interpretation.y_pred is not Encoding.ONE_HOT or not stats.y_pred.all_zero:
        return None
    pairs = pairs.pool()
    found = pairs.count_truths().keys() - {ignored}
    pairs = pairs.keep_rows(np.isin(pairs.truth, list_label_ids(found)))
    labels, row = np.unique(pairs.truth, return_inverse=True)
    if not len(labels) or labels[0] != 0:
        return None
    layout = interpretation.layout
    axes = layout.y_pred if sides[0] is Side.PREDICTIONS else layout.y_true
    count = axes.channels
    column = np.where(is_no_class(pairs.prediction), count, pairs.prediction)
    both = np.zeros((len(labels), count + 1), dtype=np.int64)
    np.add.at(both, (row, column), pairs.count)
    return Channels(*sides, axes, pairs, labels, both)


def write_cut(evidence: Evidence, side: Side) -> str:
    """Return the score above which a pixel lies in a channel; masks hold 0 and 1."""
    return write_channel_cut(evidence) if side is Side.PREDICTIONS else f"{CUT:g}"


def build_finding(
    rule: Rule,
    evidence: Evidence,
    channels: Channels,
    *,
    what: str,
    then: str,
    help_text: str,
    after: float,
    repair: str | None,
) -> Finding:
    """Return the finding.

    Args:
        rule: the rule that reports it.
        evidence: the facts.
        channels: the channels.
        what: what they are, as a clause.
        then: how the pixels are scored then, as the end of a sentence.
        help_text: the help.
        after: the score then.
        repair: the name of the repair that leads to this score; `None` for no repair.
    """
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
        repair=Repair(repair, safe=False, mean_iou_after=after, estimated=True) if repair else None,
    )
