"""A repair: the steps that remove one fault, and what they do to the score."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.step import Side, Step

Labels = NDArray[np.int64]


@record
class Repair:
    """One repair. A check says what it does; the checkup adds what it is worth."""

    name: str
    """In the imperative, as a person would say it: `argmax the predictions`."""
    safe: bool
    """Whether it cannot lose or invent information about the pixels."""
    steps: tuple[Step, ...] = ()
    """The changes, in order; none where only the metric's call or the data's source can change."""
    relabel: Callable[[PairCounts], PairCounts] | None = None
    """What it does to the doctor's label pairs; `None`: the doctor reads them as if repaired."""
    num_classes: int | None = None
    """The number of classes to score with afterwards, where the repair is to change it."""
    ignore_index: int | None = None
    """The ignore label to score with afterwards, where the repair is to name it."""
    estimated: bool = False
    """Whether the score stands for something that only the real repair would show."""
    mean_iou_after: float | None = None
    """The doctor's mean IoU after this repair alone; `None` where it cannot be known."""


def build_relabelling(
    name: str,
    *,
    side: Side,
    table: Mapping[int, int],
    safe: bool,
    num_classes: int | None = None,
    ignore_index: int | None = None,
) -> Repair:
    """Return the repair that replaces stored labels of one side by others, all at once.

    Args:
        name: in the imperative.
        side: whose labels change.
        table: old label to new label; labels that are not in it stay.
        safe: whether no two labels that matter become one.
        num_classes: to score with afterwards, if the repair changes it.
        ignore_index: to score with afterwards, if the repair names it.
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
