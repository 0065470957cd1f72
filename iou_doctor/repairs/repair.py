"""A repair: what removes one fault, and what that does to the score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.step import Side, Step

Labels = NDArray[np.int64]


@record
class Repair:
    """What removes one fault: steps on the arrays, or another call of the metric.

    A check describes the repair. The pipeline adds the score that it leads to.
    """

    name: str
    """An instruction in a few words, for instance `argmax the predictions`."""
    safe: bool
    """Whether it can neither lose nor invent information about the pixels."""
    steps: tuple[Step, ...] = ()
    """The changes to the arrays, in order; empty if only the call of the metric or the source of
    the data can change."""
    relabel: Callable[[PairCounts], PairCounts] | None = None
    """What it does to the counted label pairs; `None` if they are counted as already repaired."""
    num_classes: int | None = None
    """The number of classes to score with afterwards; `None`: as before."""
    ignore_index: int | None = None
    """The ignore label to score with afterwards; `None`: as before."""
    exchanges_sides: bool = False
    """Whether it makes predictions of the masks, and masks of the predictions."""
    estimated: bool = False
    """Whether `mean_iou_after` is a guess that only the real repair could confirm."""
    keeps_scores: bool = False
    """Whether the user's metric reads the arrays rightly without it, so that no number changes."""
    mean_iou_after: float | None = None
    """The mean IoU after this repair alone; `None` if it cannot be computed."""


def build_relabelling(
    name: str,
    *,
    side: Side,
    table: Mapping[int, int],
    safe: bool,
    num_classes: int | None = None,
    ignore_index: int | None = None,
) -> Repair:
    """Return the repair that replaces labels of one side by others, all at once.

    Args:
        name: an instruction in a few words.
        side: the array whose labels change.
        table: old label to new label; other labels stay.
        safe: whether no two labels that matter become the same.
        num_classes: the number of classes to score with afterwards, if it changes.
        ignore_index: the ignore label to score with afterwards, if it changes.
    """
    step = Relabel(side, dict(table))

    def replace_labels(labels: Labels) -> Labels:
        return step.apply(labels, spatial=0).astype(np.int64, copy=False)

    def relabel(pairs: PairCounts) -> PairCounts:
        if side is Side.MASKS:
            return pairs.relabel(truth=replace_labels)
        return pairs.relabel(prediction=replace_labels)

    return Repair(
        name=name,
        safe=safe,
        steps=(step,),
        relabel=relabel,
        num_classes=num_classes,
        ignore_index=ignore_index,
    )


def join_repairs(name: str, repairs: Sequence[Repair], *, num_classes: int) -> Repair:
    """Return the repair that applies several, which change labels, one after the other.

    Args:
        name: an instruction in a few words.
        repairs: the repairs, in order.
        num_classes: the number of classes to score with afterwards.
    """

    def relabel(pairs: PairCounts) -> PairCounts:
        for repair in repairs:
            pairs = repair.relabel(pairs) if repair.relabel else pairs
        return pairs

    return Repair(
        name=name,
        safe=all(repair.safe for repair in repairs),
        steps=tuple(step for repair in repairs for step in repair.steps),
        relabel=relabel,
        num_classes=num_classes,
    )
