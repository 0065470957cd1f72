"""A change to the arrays that would cure a fault, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

Labels = NDArray[np.int64]

REORDER = "reorder"
"""The step that takes samples in another order; the only one that is no change to a batch."""


class Side(StrEnum):
    """Which of the two arrays a step changes."""

    MASKS = "masks"
    PREDICTIONS = "predictions"


@record
class Step:
    """One change to one array, as `fix` makes it."""

    kind: str
    """The module in `repairs/` that makes it."""
    side: Side
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What the module needs to know."""
    class_axis: int | None = None
    """Where the class axis goes, counted from a sample axis at 0; `None`: last."""


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


def relabelling(
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
        num_classes: to score with afterwards, where the repair changes it.
        ignore_index: to score with afterwards, where the repair names it.
    """
    old = np.array(sorted(table), dtype=np.int64)
    new = np.array([table[int(label)] for label in old], dtype=np.int64)

    def replaced(labels: Labels) -> Labels:
        place = np.searchsorted(old, labels).clip(max=len(old) - 1)
        return np.where(old[place] == labels, new[place], labels)

    def relabel(pairs: PairCounts) -> PairCounts:
        if side is Side.MASKS:
            return pairs.relabel(truth=replaced)
        return pairs.relabel(prediction=replaced)

    step = Step("relabel", side, {"table": dict(table)})
    return Repair(
        name=name,
        safe=safe,
        steps=(step,),
        relabel=relabel,
        num_classes=num_classes,
        ignore_index=ignore_index,
    )
