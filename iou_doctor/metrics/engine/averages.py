"""From areas to ratios, and from ratios to one number for each batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.metrics.definition import Absent, Average, Choices, Ratio
from iou_doctor.metrics.engine.areas import Areas

Ratios = NDArray[np.floating]
Flags = NDArray[np.bool_]


def average_groups(
    choices: Choices, groups: Iterable[Areas], *, alone: bool
) -> tuple[np.float64, NDArray[np.float64]]:
    """Return the value of one batch, and the mean ratio of each class over the groups that have it.

    Either is NaN where there is none.

    Args:
        choices: what the contract decides.
        groups: areas of shape (groups, classes), some groups at a time. Each group has ratios of
            its own.
        alone: whether there is only one group.
    """
    sums, counts, totals, numbers = [], [], [], []
    for some in groups:
        found, valid = compute_ratios(choices, some)
        sums.append(np.where(valid, found, 0).sum(axis=0))
        counts.append(valid.sum(axis=0))
        total, number = _add_ratios(choices, some, found, valid, alone=alone)
        totals.append(total)
        numbers.append(number)
    per_class = np.sum(sums, axis=0) / np.sum(counts, axis=0)
    match choices.average:
        case Average.PER_CLASS:
            if choices.empty is not None:
                per_class = np.where(np.sum(counts, axis=0) > 0, per_class, choices.empty)
            return np.float64(np.nan), per_class
        case Average.CLASS_MEANS:
            return np.float64(_average_classes(per_class)), per_class
    return _divide_totals(choices, totals, numbers), per_class


def average_all(choices: Choices, groups: Iterable[Areas], *, alone: bool) -> np.float64:
    """Return the value of one batch as `average_groups` does, without the means of the classes."""
    if choices.average in {Average.PER_CLASS, Average.CLASS_MEANS}:
        return average_groups(choices, groups, alone=alone)[0]
    added = [
        _add_ratios(choices, some, *compute_ratios(choices, some), alone=alone) for some in groups
    ]
    return _divide_totals(choices, [total for total, _ in added], [number for _, number in added])


def _add_ratios(
    choices: Choices, some: Areas, found: Ratios, valid: Flags, *, alone: bool
) -> tuple[np.floating, int]:
    """Return the sum of the ratios that are averaged, and how many they are."""
    found, valid = _select_ratios(choices, some, found, valid, alone=alone)
    selected = found[valid]  # libraries select first and then add up: floats round alike
    return selected.sum(), len(selected)


def _divide_totals(
    choices: Choices, totals: Sequence[np.floating], numbers: Sequence[int]
) -> np.float64:
    total = np.sum(totals)
    return np.float64(_divide_by_count(choices, total, total.dtype.type(sum(numbers))))


def average_batches(choices: Choices, groups: Areas) -> NDArray[np.float64]:
    """Return the value of each batch, shape (batches,); NaN where it has none.

    Args:
        choices: what the contract decides.
        groups: areas of shape (batches, groups, classes). Each group has ratios of its own.
    """
    batches, size, _ = groups.truth.shape
    found, valid = compute_ratios(choices, groups)
    match choices.average:
        case Average.PER_CLASS:
            return np.full(batches, np.nan)
        case Average.CLASS_MEANS:
            per_class = np.where(valid, found, 0).sum(axis=1) / valid.sum(axis=1)
            return _average_classes(per_class)
    found, valid = _select_ratios(choices, groups, found, valid, alone=size == 1)
    found, valid = found.reshape(batches, -1), valid.reshape(batches, -1)
    total = np.where(valid, found, 0).sum(axis=1)
    means = _divide_by_count(choices, total, valid.sum(axis=1).astype(total.dtype))
    return means.astype(np.float64)


def _select_ratios(
    choices: Choices, groups: Areas, found: Ratios, valid: Flags, *, alone: bool
) -> tuple[Ratios, Flags]:
    """Return the numbers that are averaged, and which of them are in the mean.

    Args:
        choices: what the contract decides.
        groups: areas of shape (…, groups, classes).
        found: their ratios.
        valid: the ratios that count.
        alone: whether a batch has only one group.
    """
    match choices.average:
        case Average.ACCURACY:
            right, true = (
                table.sum(axis=(-2, -1)) for table in (groups.intersection, groups.truth)
            )
            return (right / true)[..., np.newaxis], np.ones((*right.shape, 1), dtype=bool)
        case Average.WEIGHTED:
            return _weight_by_truth(choices, groups, found, valid)
        case Average.PAIRS | Average.POOLED:
            return found, valid
        case Average.LABELLED:
            return found, valid & (groups.truth > 0)
        case _:
            return (found, valid) if alone else _average_each_group(choices, found, valid)


def _average_classes(per_class: Ratios) -> NDArray[np.float64]:
    return np.asarray(per_class.sum(axis=-1) / np.float64(per_class.shape[-1]))


def _average_each_group(choices: Choices, found: Ratios, valid: Flags) -> tuple[Ratios, Flags]:
    """Return the mean over the classes of each group, and which groups have one."""
    count = valid.sum(axis=-1).astype(found.dtype)
    means = np.where(valid, found, 0).sum(axis=-1) / (count + found.dtype.type(choices.epsilon))
    return means.astype(np.float64), count > 0


def _weight_by_truth(
    choices: Choices, groups: Areas, found: Ratios, valid: Flags
) -> tuple[Ratios, Flags]:
    """Return the mean of each group, its classes weighted by their true pixels."""
    weight = np.where(valid, groups.truth, 0).astype(found.dtype)
    total = weight.sum(axis=-1)
    means = np.where(valid, found * weight, 0).sum(axis=-1) / total
    if choices.ratio is Ratio.DICE:  # in torchmetrics' DiceScore, NaN weights add up to 0
        means = np.where(~(total > 0) & valid.any(axis=-1), 0, means)
    return means.astype(found.dtype), ~np.isnan(means)


def _divide_by_count(choices: Choices, total: Ratios, count: Ratios) -> Ratios:
    """Return the mean of ratios.

    Args:
        choices: what the contract decides.
        total: the sum of the ratios.
        count: how many they are, in the dtype of `total`.
    """
    means = total / (count + total.dtype.type(choices.epsilon))
    return np.where(count > 0, means, np.nan if choices.empty is None else choices.empty)


def compute_ratios(choices: Choices, areas: Areas) -> tuple[Ratios, Flags]:
    """Return the ratio of each group and class, and which of them are in a mean.

    Args:
        choices: what the contract decides.
        areas: areas of any shape.
    """
    dtype: np.dtype[np.floating] = np.dtype(np.float32 if choices.single_precision else np.float64)
    over = _compute_denominator(choices, areas, dtype)
    right = areas.intersection.astype(dtype)
    absent, hit = ~(over > 0), right > 0  # the comparison is also False for NaN
    if choices.ratio is Ratio.DICE:
        right += right
    smooth, epsilon = dtype.type(choices.smooth), dtype.type(choices.epsilon)
    right += smooth
    over += smooth
    over += epsilon
    quotients = np.divide(right, over, out=right)
    if smooth and choices.absent is Absent.ONE:
        return quotients, np.ones_like(absent)  # smooth / smooth is 1 already
    match choices.absent:
        case Absent.SKIPPED:
            return quotients, ~absent
        case Absent.SKIPPED_UNLABELLED:
            return quotients, (areas.truth > 0) & ~absent
        case Absent.SKIPPED_MISSED:
            return quotients, hit
        case Absent.NAN:
            return np.where(absent, np.nan, quotients), np.ones_like(absent)
        case _:
            value = dtype.type(choices.absent is Absent.ONE)
            return np.where(absent, value, quotients), np.ones_like(absent)


def _compute_denominator(choices: Choices, areas: Areas, dtype: np.dtype[np.floating]) -> Ratios:
    """Return the denominator of the ratio as a new array, which the caller changes in place."""
    match choices.ratio:
        case Ratio.DICE:
            both: Ratios = areas.truth.astype(dtype)
            both += areas.predicted.astype(dtype)
            return both
        case Ratio.RECALL:
            return areas.truth.astype(dtype)
        case Ratio.PRECISION:
            return areas.predicted.astype(dtype)
        case _:
            return areas.union.astype(dtype)
