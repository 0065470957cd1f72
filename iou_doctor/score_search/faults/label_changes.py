"""Changes of class ids, applied to the table of label pairs without another pass over the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import decode_no_class
from iou_doctor.metrics.inputs import MetricInputs

Labels = NDArray[np.int64]
Change = Callable[[Labels], Labels]


def shift(step: int) -> Change:
    """Return the change that adds a number to all ids."""
    return lambda ids: ids + step


def map_strays(target: int, classes: int) -> Change:
    """Return the change that maps all ids outside the classes to one id."""
    return lambda ids: np.where((ids >= 0) & (ids < classes), ids, target)


def swap(one: int, other: int) -> Change:
    """Return the change that swaps two ids."""

    def swapped(ids: Labels) -> Labels:
        return np.where(ids == one, other, np.where(ids == other, one, ids))

    return swapped


def rotate(step: int, classes: int) -> Change:
    """Return the change that adds a number to all classes, modulo their number."""
    return limit_to_classes(classes, lambda ids: (ids + step) % classes)


def reverse(classes: int) -> Change:
    """Return the change that reverses the order of the classes."""
    return limit_to_classes(classes, lambda ids: classes - 1 - ids)


def limit_to_classes(classes: int, change: Change) -> Change:
    """Limit a change to the classes: other ids stay as they are."""
    return lambda ids: np.where((ids >= 0) & (ids < classes), change(ids), ids)


def keep_label(ignore: int | None, change: Change) -> Change:
    """Limit a change to labels other than the ignore label."""
    if ignore is None:
        return change
    return lambda ids: np.where(ids == ignore, ids, change(ids))


def drop_truth(inputs: MetricInputs, label: int | None) -> MetricInputs:
    """Return the arrays without the pixels whose true label is `label`."""
    if label is None:
        return inputs
    return replace(inputs, labels=inputs.labels.keep_rows(inputs.labels.truth != label))


def relabel(
    inputs: MetricInputs, *, truth: Change | None = None, prediction: Change | None = None
) -> MetricInputs:
    """Return the arrays with changed ids.

    Args:
        inputs: the arrays as class ids.
        truth: the change of the masks' labels.
        prediction: the change of the predicted labels.
    """
    labels = inputs.labels.relabel(truth=decode_no_class, prediction=decode_no_class)
    return replace(inputs, labels=labels.relabel(truth=truth, prediction=prediction))
