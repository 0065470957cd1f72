"""From areas to ratios, and from ratios to one number for each batch: all batches at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.contract import Absent, Average, Choices, Ratio
from iou_doctor.contracts._areas import Areas

Numbers = NDArray[Any]
Flags = NDArray[np.bool_]


def values(choices: Choices, groups: Areas) -> NDArray[np.float64]:
    """Return the value of each batch, shape (batches,); NaN where it has none.

    Args:
        choices: the contract's.
        groups: areas of shape (batches, groups, classes); a ratio is formed for each group.
    """
    return _values(choices, groups).astype(np.float64)


def _values(choices: Choices, groups: Areas) -> Numbers:
    batches = len(groups.truth)
    match choices.average:
        case Average.PER_CLASS:
            return np.full(batches, np.nan)
        case Average.ACCURACY:
            accuracy: Numbers = groups.intersection.sum(axis=(1, 2)) / groups.truth.sum(axis=(1, 2))
            return accuracy
        case Average.CLASS_MEANS:
            return _mean_of_classes(choices, groups)
        case Average.POOLED:
            found, valid = ratios(choices, groups.fold_classes())
        case Average.WEIGHTED:
            found, valid = _weighted(choices, groups)
        case Average.PAIRS:
            found, valid = ratios(choices, groups)
        case Average.LABELLED:
            found, valid = ratios(choices, groups)
            valid = valid & (groups.truth > 0)
        case _:
            found, valid = _means_of_groups(choices, groups)
    return _means(choices, found.reshape(batches, -1), valid.reshape(batches, -1))


def class_means(choices: Choices, groups: Areas) -> Numbers:
    """Return the mean ratio of each class over the groups that have it; NaN where none has.

    Args:
        choices: the contract's.
        groups: areas of shape (…, groups, classes).
    """
    found, valid = ratios(choices, groups)
    means: Numbers = np.where(valid, found, 0).sum(axis=-2) / valid.sum(axis=-2)
    return means


def _mean_of_classes(choices: Choices, groups: Areas) -> Numbers:
    means = class_means(choices, groups)
    whole: Numbers = means.sum(axis=-1) / np.float64(means.shape[-1])
    return whole


def _means_of_groups(choices: Choices, groups: Areas) -> tuple[Numbers, Flags]:
    """Return the mean over the classes of each group, and which groups have one."""
    found, valid = ratios(choices, groups)
    if found.shape[1] == 1:
        return found, valid
    count = valid.sum(axis=-1).astype(found.dtype)
    means = np.where(valid, found, 0).sum(axis=-1) / (count + found.dtype.type(choices.epsilon))
    return means.astype(np.float64), count > 0


def _weighted(choices: Choices, groups: Areas) -> tuple[Numbers, Flags]:
    """Return the mean of each group, its classes weighted by their true pixels."""
    found, valid = ratios(choices, groups)
    weight = np.where(valid, groups.truth, 0).astype(found.dtype)
    whole = weight.sum(axis=-1)
    means = np.where(valid, found * weight, 0).sum(axis=-1) / whole
    if choices.ratio is Ratio.DICE:  # torchmetrics: its NaN weights add up to 0
        means = np.where(~(whole > 0) & valid.any(axis=-1), 0, means)
    return means.astype(found.dtype), ~np.isnan(means)


def _means(choices: Choices, found: Numbers, valid: Flags) -> Numbers:
    """Return the mean of each row over what is valid in it."""
    dtype = found.dtype
    if len(found) == 1:  # added up as a library does it that selects first, to the last bit
        found = found[valid][np.newaxis]
        valid = np.ones_like(found, dtype=bool)
    count = valid.sum(axis=1).astype(dtype)
    means = np.where(valid, found, 0).sum(axis=1, dtype=dtype)
    means = means / (count + dtype.type(choices.epsilon))
    return np.where(count > 0, means, np.nan if choices.empty is None else choices.empty)


def ratios(choices: Choices, folded: Areas) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the ratio of each group and class, and which of them are in a mean.

    Args:
        choices: the contract's.
        folded: areas of any shape.
    """
    dtype = np.dtype(np.float32 if choices.single else np.float64)
    over = _denominator(choices, folded, dtype)
    right = folded.intersection.astype(dtype)
    absent, hit = ~(over > 0), right > 0  # a NaN is no area either
    if choices.ratio is Ratio.DICE:
        right += right
    smooth, epsilon = dtype.type(choices.smooth), dtype.type(choices.epsilon)
    right += smooth
    over += smooth
    over += epsilon
    quotients = np.divide(right, over, out=right)
    if smooth and choices.absent is Absent.ONE:
        return quotients, np.ones_like(absent)  # smooth / smooth by itself
    match choices.absent:
        case Absent.SKIPPED:
            return quotients, ~absent
        case Absent.SKIPPED_UNLABELLED:
            return quotients, (folded.truth > 0) & ~absent
        case Absent.SKIPPED_MISSED:
            return quotients, hit
        case Absent.NAN:
            return np.where(absent, np.nan, quotients), np.ones_like(absent)
        case _:
            value = dtype.type(choices.absent is Absent.ONE)
            return np.where(absent, value, quotients), np.ones_like(absent)


def _denominator(choices: Choices, folded: Areas, dtype: np.dtype[Any]) -> Numbers:
    """Return what the ratio divides by, the caller's own: of many images each table is large."""
    match choices.ratio:
        case Ratio.DICE:
            both: Numbers = folded.truth.astype(dtype)
            both += folded.predicted.astype(dtype)
            return both
        case Ratio.RECALL:
            return folded.truth.astype(dtype)
        case Ratio.PRECISION:
            return folded.predicted.astype(dtype)
        case _:
            return folded.union.astype(dtype)
