"""What Keras' metrics report if the cells of their matrix are floats with few digits.

Within one `update_state`, a cell is incremented by one, so it stops at the first number to which
one more cannot be added: 2**24 in float32, 2**11 in float16, 2**8 in bfloat16. The sums of several
updates are rounded, and in float16 they overflow above 65,504: such a class leaves the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import COUNTER_LIMITS, Choices, Counting
from iou_doctor.record import record

Numbers = NDArray[np.float64]
_LOWER_BITS = 16
"""bfloat16 is a float32 without its lower half."""


@record
class NarrowCount:
    """The outcome of counting with few digits."""

    value: float
    """What the metric reports."""
    largest: int
    """The largest number of pixels of a cell in one update."""


def count_narrowly(
    cells: PairCounts, classes: int, choices: Choices, batch_size: int | None
) -> NarrowCount:
    """Return what a metric reports that counts in narrow floats.

    Args:
        cells: the pairs that it counts, both labels of which are classes.
        classes: the number of classes.
        choices: the type of its counters, and how it averages.
        batch_size: images in one update; `None`: all.
    """
    updates = cells.pool()
    if batch_size is not None and batch_size <= cells.image_span[1]:
        updates = cells.group_into_batches(batch_size).relabel()
    largest = int(updates.count.max(initial=0))
    matrix, keys = _accumulate(updates, classes, choices.counting)
    truth, predicted = np.divmod(keys, classes)
    hit = truth == predicted

    def add_up(labels: NDArray[np.int64], numbers: Numbers) -> Numbers:
        return _add_up(labels, numbers, classes, choices.counting)

    value = _average(
        add_up(truth, matrix), add_up(predicted, matrix), add_up(truth[hit], matrix[hit]), choices
    )
    return NarrowCount(value, largest)


def _accumulate(
    updates: PairCounts, classes: int, counting: Counting
) -> tuple[Numbers, NDArray[np.int64]]:
    """Return the cells after all updates, and the number of each cell."""
    numbers = updates.truth * classes + updates.prediction
    keys, places = np.unique(numbers, return_inverse=True)
    counts = updates.count.clip(max=COUNTER_LIMITS[counting]).astype(np.float64)
    order = np.argsort(updates.image, kind="stable")
    starts = np.flatnonzero(np.diff(updates.image[order], prepend=-1))
    total: Numbers = np.zeros(len(keys))
    for rows in np.split(order, starts[1:]) if len(order) else ():
        total[places[rows]] = _round(total[places[rows]] + counts[rows], counting)
    return total, keys


def _add_up(
    labels: NDArray[np.int64], numbers: Numbers, classes: int, counting: Counting
) -> Numbers:
    """Return the sum of the cells of each label, in float16 rounded after each addition."""
    if counting is not Counting.HALF:
        return _round(np.bincount(labels, numbers, classes).astype(np.float64), counting)
    sums = np.zeros(classes)
    order = np.argsort(labels, kind="stable")
    rank = np.arange(len(order)) - np.searchsorted(labels[order], labels[order])
    for place in range(int(rank.max(initial=-1)) + 1):
        rows = order[rank == place]
        sums[labels[rows]] = _round(sums[labels[rows]] + numbers[rows], counting)
    return sums


@np.errstate(invalid="ignore", divide="ignore", over="ignore")
def _average(truth: Numbers, predicted: Numbers, hits: Numbers, choices: Choices) -> float:
    """Return the mean of the ratios that have a union."""
    union = _round(_round(truth + predicted, choices.counting) - hits, choices.counting)
    if choices.target_class_ids is not None:
        targets = list(choices.target_class_ids)
        union, hits = union[targets], hits[targets]
    single = choices.single_precision
    dtype: type[np.floating] = np.float32 if single else np.float16
    epsilon = dtype(choices.epsilon)
    valid = union > 0
    ratios = hits[valid].astype(dtype) / (union[valid].astype(dtype) + epsilon)
    if not valid.any():
        return choices.empty or 0.0
    total = ratios.sum(dtype=dtype) if single else np.add.accumulate(ratios)[-1]
    return float(total / (dtype(valid.sum()) + epsilon))


@np.errstate(over="ignore", invalid="ignore")
def _round(numbers: Numbers, counting: Counting) -> Numbers:
    """Return the nearest numbers of a type of counter."""
    if counting is Counting.HALF:
        return numbers.astype(np.float16).astype(np.float64)
    single = numbers.astype(np.float32)
    if counting is Counting.BRAIN:
        bits = single.view(np.uint32)
        odd = (bits >> _LOWER_BITS) & 1
        rounded = (bits + 0x7FFF + odd) >> _LOWER_BITS << _LOWER_BITS
        single = rounded.astype(np.uint32).view(np.float32)
    return single.astype(np.float64)
