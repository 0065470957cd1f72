"""Changes of class ids in a table of pairs: exact, no second pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import naive_answer
from iou_doctor.metrics.inputs import MetricInputs

Labels = NDArray[np.int64]
Change = Callable[[Labels], Labels]


def shift(step: int) -> Change:
    """Return the change that shifts all ids."""
    return lambda ids: ids + step


def map_strays(target: int, classes: int) -> Change:
    """Return the change that makes one id of all outside the classes."""
    return lambda ids: np.where((ids >= 0) & (ids < classes), ids, target)


def swap(one: int, other: int) -> Change:
    """Return the change that exchanges two ids."""

    def swapped(ids: Labels) -> Labels:
        return np.where(ids == one, other, np.where(ids == other, one, ids))

    return swapped


def rotate(step: int, classes: int) -> Change:
    """Return the change that moves all classes on, the last ones to the front."""
    return limit_to_classes(classes, lambda ids: (ids + step) % classes)


def reverse(classes: int) -> Change:
    """Return the change that puts the classes into the opposite order."""
    return limit_to_classes(classes, lambda ids: classes - 1 - ids)


def limit_to_classes(classes: int, change: Change) -> Change:
    """Return the change that leaves ids outside the classes as they are."""
    return lambda ids: np.where((ids >= 0) & (ids < classes), change(ids), ids)


def keep_label(ignore: int | None, change: Change) -> Change:
    """Return the change that leaves the ignore label as it is."""
    if ignore is None:
        return change
    return lambda ids: np.where(ids == ignore, ids, change(ids))


def drop_truth(read: MetricInputs, label: int | None) -> MetricInputs:
    """Return the arrays without the pixels whose truth is a label."""
    if label is None:
        return read
    return replace(read, labels=read.labels.where(read.labels.truth != label))


def relabel(
    read: MetricInputs, *, truth: Change | None = None, prediction: Change | None = None
) -> MetricInputs:
    """Return the arrays with the ids of one side changed."""
    labels = read.labels.relabel(truth=naive_answer, prediction=naive_answer)
    return replace(read, labels=labels.relabel(truth=truth, prediction=prediction))
