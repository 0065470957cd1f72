"""A change to the arrays that would cure a fault, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iou_doctor.stats import PairCounts


@dataclass(frozen=True)
class Repair:
    """One repair. A check says what it does; the checkup adds what it is worth."""

    name: str
    """In the imperative, as a person would say it: `argmax the predictions`."""
    safe: bool
    """Whether it cannot lose or invent information about the pixels."""
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
