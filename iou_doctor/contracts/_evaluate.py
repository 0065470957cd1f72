"""The one evaluator: from areas and choices to the number that an implementation returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.contract import Absent, Average, Choices, Contract, Counting, Group, Ignored, Ratio
from iou_doctor.contracts._areas import Areas, NotReplayed, Raises
from iou_doctor.contracts._generalised import generalised_dice
from iou_doctor.contracts._labels import STOPS_AT
from iou_doctor.contracts._read import areas
from iou_doctor.given import Given
from iou_doctor.score import ContractScore, Counter

Numbers = NDArray[Any]
SMALL_COUNTER = np.int32
LARGEST_INT32 = 2**31 - 1
_CLASS_LEAVES = frozenset({Ignored.CLASS_LEAVES, Ignored.MEAN_ONLY, Ignored.MEAN_ONLY_INSIDE})


@dataclass(frozen=True)
class Outcome:
    """What the arithmetic gives."""

    value: float | None
    """`None` for NaN."""
    per_class: tuple[float | None, ...] | None
    """The ratio of each class where one is formed over the data set; `None` for NaN."""


def evaluate(contract: Contract, given: Given) -> ContractScore:
    """Return what an implementation reports for what it is given."""

    def scored(value: float | None = None, **known: Any) -> ContractScore:
        return ContractScore(
            contract.name,
            contract.library,
            contract.versions,
            value=value,
            short=contract.short or contract.name,
            choices=contract.choices,
            **known,
        )

    if contract.num_classes is not None:
        given = replace(given, num_classes=contract.num_classes)
    try:
        counted = areas(given, contract.choices, contract.pairing)
        found = outcome(contract.choices, counted, given)
    except Raises as error:
        return scored(error=error.words(contract))
    except NotReplayed as why:
        return scored(note=str(why))
    per_class, dropped = found.per_class, counted.dropped
    if found.value is None and contract.choices.average is not Average.PER_CLASS:
        return scored(note="NaN", per_class=per_class, dropped=dropped)
    counter = counter_of(contract, given, counted)
    return scored(found.value, per_class=per_class, dropped=dropped, counter=counter)


@np.errstate(over="ignore")
def counter_of(contract: Contract, given: Given, counted: Areas) -> Counter | None:
    """Return how the implementation counts, where its numbers end before the data may."""
    choices = contract.choices
    if choices.counting is Counting.WRAPS:
        whole = counted.fold(np.zeros(given.samples, dtype=np.int64), 1)
        small = Areas.of(part.astype(SMALL_COUNTER) for part in whole.parts)
        return Counter(
            dtype="int32",
            largest=int(whole.union.max(initial=0)),
            limit=LARGEST_INT32,
            value=outcome(choices, small, replace(given, samples=1)).value or 0.0,
            condition="on the torch backend",
        )
    if choices.counting is Counting.EXACT or given.batch_size is not None:
        return None
    stopped = counted
    if counted.largest > STOPS_AT:
        at_once = replace(given, batch_size=max(1, given.samples))
        stopped = areas(at_once, choices, contract.pairing)
    return Counter(
        dtype="float32",
        largest=counted.largest,
        limit=STOPS_AT,
        value=outcome(choices, stopped, given).value or 0.0,
        condition="if all pixels come in one `update_state`",
    )


@np.errstate(divide="ignore", invalid="ignore")
def outcome(choices: Choices, found: Areas, given: Given) -> Outcome:
    """Return the number, and those of the classes."""
    if choices.group is Group.DATA_SET and not choices.batches:
        found = found.whole  # of many images the sum is a table of one row, made once
    found = _chosen_classes(choices, found, given)
    if choices.ratio is Ratio.GENERALISED_DICE:
        return _generalised(choices, found, given)
    if choices.batches:
        return Outcome(_mean_of_batches(choices, found, given), None)
    return Outcome(_value(choices, found, given), _per_class(choices, found, given))


def _generalised(choices: Choices, found: Areas, given: Given) -> Outcome:
    """Return the mean over images; an image, or a class of it, without any area counts 0."""
    fractions = generalised_dice(found, given.batch_size)
    over, under = fractions.sum(axis=2)
    value = np.where(under == 0, 0, over / under).mean(dtype=np.float32) if len(over) else np.nan
    over, under = fractions
    per_class = np.where(under == 0, 0, over / under).mean(axis=0)
    whole = choices.average is not Average.PER_CLASS
    return Outcome(_or_none(value) if whole else None, tuple(map(float, per_class)))


def _per_class(choices: Choices, found: Areas, given: Given) -> tuple[float | None, ...] | None:
    """Return the ratio of each class: of the data set, or the mean over the images that have it."""
    if choices.average is Average.POOLED:
        return None
    return tuple(map(_or_none, _class_means(choices, _folded(choices, found, given))))


def _class_means(choices: Choices, folded: Areas) -> Numbers:
    """Return the mean ratio of each class over the groups that have it; NaN where none has."""
    ratios, valid = _ratios(choices, folded)
    means: Numbers = np.where(valid, ratios, 0).sum(axis=0) / valid.sum(axis=0)
    return means


def _chosen_classes(choices: Choices, found: Areas, given: Given) -> Areas:
    """Return the areas of the classes that are in the mean."""
    columns = list(range(found.truth.shape[1]))
    if choices.average is Average.FOREGROUND:
        return found.select(columns[-1:] if len(columns) == 1 else [1])
    if choices.target_class_ids is not None:
        return found.select([label for label in choices.target_class_ids if label in columns])
    ignore = given.ignore_index if choices.ignored in _CLASS_LEAVES else None
    background = choices.background or len(columns) == 1
    return found.select(
        [label for label in columns if label != ignore and (background or label != 0)]
    )


def _mean_of_batches(choices: Choices, found: Areas, given: Given) -> float | None:
    """Return the unweighted mean of the values of batches, the last of which may be smaller."""
    size = given.batch_size or max(1, given.samples)
    values = []
    for first in range(0, given.samples, size):
        rows = slice(first, first + size)
        part = Areas(found.truth[rows], found.predicted[rows], found.intersection[rows])
        value = _value(choices, part, given)
        values.append(np.nan if value is None else value)
    return _or_none(np.mean(values)) if values else None


def _folded(choices: Choices, found: Areas, given: Given) -> Areas:
    images = found.truth.shape[0]
    if choices.group is Group.IMAGE:
        return found
    if choices.group is Group.DATA_SET or choices.batches:
        return found.whole
    size = given.batch_size or max(1, images)
    batches = np.arange(images) // size
    return found.fold(batches, int(batches.max(initial=-1)) + 1)


def _value(choices: Choices, found: Areas, given: Given) -> float | None:
    folded = _folded(choices, found, given)
    match choices.average:
        case Average.PER_CLASS:
            return None
        case Average.ACCURACY:
            return _or_none(folded.intersection.sum() / folded.truth.sum())
        case Average.POOLED:
            pooled = folded.fold_classes()
            ratios, valid = _ratios(choices, pooled)
            return _mean(choices, ratios[:, 0], valid[:, 0])
        case Average.PAIRS:
            ratios, valid = _ratios(choices, folded)
            return _mean(choices, ratios.ravel(), valid.ravel())
        case Average.WEIGHTED:
            return _weighted(choices, folded)
        case Average.CLASS_MEANS:
            means = _class_means(choices, folded)
            return _or_none(means.mean()) if len(means) else None
        case Average.LABELLED:
            ratios, valid = _ratios(choices, folded)
            return _mean(choices, ratios.ravel(), (valid & (folded.truth > 0)).ravel())
        case _:
            return _mean_of_means(choices, folded)


def _mean_of_means(choices: Choices, folded: Areas) -> float | None:
    """Return the mean over groups of the mean over classes; groups without any are left out."""
    ratios, valid = _ratios(choices, folded)
    if len(ratios) == 1:
        return _mean(choices, ratios[0], valid[0])
    count = valid.sum(axis=1).astype(ratios.dtype)
    rows = np.where(valid, ratios, 0).sum(axis=1) / (count + ratios.dtype.type(choices.epsilon))
    rows = rows[count > 0].astype(np.float64)
    return _mean(choices, rows, np.ones(len(rows), dtype=bool))


def _weighted(choices: Choices, folded: Areas) -> float | None:
    ratios, valid = _ratios(choices, folded)
    weight = np.where(valid, folded.truth, 0).astype(ratios.dtype)
    rows = np.where(valid, ratios * weight, 0).sum(axis=1) / weight.sum(axis=1)
    if choices.ratio is Ratio.DICE:  # torchmetrics: its NaN weights add up to 0
        rows = np.where(~(weight.sum(axis=1) > 0) & valid.any(axis=1), 0, rows)
    return _mean(choices, rows.astype(ratios.dtype), ~np.isnan(rows))


def _mean(choices: Choices, values: Numbers, valid: NDArray[np.bool_]) -> float | None:
    kept = values[valid]
    if not len(kept):
        return choices.empty
    dtype = values.dtype
    mean = kept.sum(dtype=dtype) / (dtype.type(len(kept)) + dtype.type(choices.epsilon))
    return _or_none(mean)


def _or_none(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _ratios(choices: Choices, folded: Areas) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the ratio of each group and class, and which of them are in a mean."""
    dtype = np.dtype(np.float32 if choices.single else np.float64)
    truth, predicted = folded.truth.astype(dtype), folded.predicted.astype(dtype)
    right = folded.intersection.astype(dtype)
    over = folded.union.astype(dtype)
    if choices.ratio is Ratio.DICE:
        right, over = right + right, truth + predicted
    elif choices.ratio in {Ratio.RECALL, Ratio.PRECISION}:
        over = truth if choices.ratio is Ratio.RECALL else predicted
    smooth, epsilon = dtype.type(choices.smooth), dtype.type(choices.epsilon)
    ratios = (right + smooth) / (over + smooth + epsilon)
    absent = ~(over > 0)  # a NaN is no area either
    if smooth:
        return ratios, np.ones_like(absent)
    match choices.absent:
        case Absent.SKIPPED:
            return ratios, ~absent
        case Absent.SKIPPED_UNLABELLED:
            return ratios, (truth > 0) & ~absent
        case Absent.SKIPPED_MISSED:
            return ratios, right > 0
        case Absent.NAN:
            return np.where(absent, np.nan, ratios), np.ones_like(absent)
        case _:
            value = dtype.type(choices.absent is Absent.ONE)
            return np.where(absent, value, ratios), np.ones_like(absent)
