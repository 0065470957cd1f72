"""The one evaluator: from areas and choices to the number that an implementation returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from iou_doctor.metrics.definition import (
    Average,
    Choices,
    Contract,
    Counting,
    Group,
    Ignored,
    Ratio,
)
from iou_doctor.metrics.engine.areas import Areas, LibraryError, NotReplayed
from iou_doctor.metrics.engine.averages import average_batches, average_groups
from iou_doctor.metrics.engine.count_areas import count_areas
from iou_doctor.metrics.engine.generalised_dice import compute_fractions
from iou_doctor.metrics.engine.labels import FLOAT32_LIMIT
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.score import ContractScore, Counter
from iou_doctor.record import record

SMALL_COUNTER = np.int32
LARGEST_INT32 = 2**31 - 1
_CLASS_LEAVES = frozenset({Ignored.CLASS_LEAVES, Ignored.MEAN_ONLY, Ignored.MEAN_ONLY_INSIDE})


@record
class Outcome:
    """What the arithmetic gives."""

    value: float | None
    """`None` for NaN."""
    per_class: tuple[float | None, ...] | None
    """The ratio of each class where one is formed over the data set; `None` for NaN."""


def evaluate(contract: Contract, inputs: MetricInputs) -> ContractScore:
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
        inputs = replace(inputs, num_classes=contract.num_classes)
    try:
        counted = count_areas(inputs, contract.choices, contract.pairing)
        found = compute_outcome(contract.choices, counted, inputs)
    except LibraryError as error:
        return scored(error=error.words(contract))
    except NotReplayed as why:
        return scored(note=str(why))
    per_class, dropped = found.per_class, counted.dropped
    if found.value is None and contract.choices.average is not Average.PER_CLASS:
        return scored(note="NaN", per_class=per_class, dropped=dropped)
    counter = describe_counter(contract, inputs, counted)
    return scored(found.value, per_class=per_class, dropped=dropped, counter=counter)


@np.errstate(over="ignore")
def describe_counter(contract: Contract, inputs: MetricInputs, counted: Areas) -> Counter | None:
    """Return how the implementation counts, where its numbers end before the data may."""
    choices = contract.choices
    if choices.counting is Counting.WRAPS:
        whole = counted.whole
        small = Areas.of(part.astype(SMALL_COUNTER) for part in whole.parts)
        return Counter(
            dtype="int32",
            largest=int(whole.union.max(initial=0)),
            limit=LARGEST_INT32,
            value=compute_outcome(choices, small, replace(inputs, samples=1)).value or 0.0,
            condition="on the torch backend",
        )
    if choices.counting is Counting.EXACT or inputs.batch_size is not None:
        return None
    stopped = counted
    if counted.largest > FLOAT32_LIMIT:
        at_once = replace(inputs, batch_size=max(1, inputs.samples))
        stopped = count_areas(at_once, choices, contract.pairing)
    return Counter(
        dtype="float32",
        largest=counted.largest,
        limit=FLOAT32_LIMIT,
        value=compute_outcome(choices, stopped, inputs).value or 0.0,
        condition="if all pixels come in one `update_state`",
    )


@np.errstate(divide="ignore", invalid="ignore")
def compute_outcome(choices: Choices, found: Areas, inputs: MetricInputs) -> Outcome:
    """Return the number, and those of the classes."""
    images = len(found.truth)
    size = inputs.batch_size or max(1, images)
    found = _select_classes(choices, _pool_images(choices, found), inputs)
    if choices.ratio is Ratio.GENERALISED_DICE:
        return _average_generalised_dice(choices, found, inputs)
    pooled = choices.average is Average.POOLED
    if pooled:
        found = found.fold_classes()
    if choices.batches:
        return Outcome(_average_over_batches(choices, found, size), None)
    alone, groups = _group_images(choices, found, size)
    value, per_class = average_groups(choices, groups, alone=alone)
    return Outcome(_nan_to_none(value), None if pooled else tuple(map(_nan_to_none, per_class)))


def _pool_images(choices: Choices, found: Areas) -> Areas:
    """Return the areas of the whole data set where no ratio is formed of fewer images."""
    if choices.batches:
        return found
    if choices.group is Group.DATA_SET or choices.average is Average.ACCURACY:
        return found.whole
    return found


def _average_generalised_dice(choices: Choices, found: Areas, inputs: MetricInputs) -> Outcome:
    """Return the mean over images; an image, or a class of it, without any area counts 0."""
    fractions = compute_fractions(found.rows(slice(None)), inputs.batch_size)
    over, under = fractions.sum(axis=2)
    value = np.where(under == 0, 0, over / under).mean(dtype=np.float32) if len(over) else np.nan
    over, under = fractions
    per_class = np.where(under == 0, 0, over / under).mean(axis=0)
    whole = choices.average is not Average.PER_CLASS
    return Outcome(_nan_to_none(value) if whole else None, tuple(map(float, per_class)))


def _select_classes(choices: Choices, found: Areas, inputs: MetricInputs) -> Areas:
    """Return the areas of the classes that are in the mean."""
    columns = list(range(found.truth.shape[1]))
    if choices.average is Average.FOREGROUND:
        return found.select(columns[-1:] if len(columns) == 1 else [1])
    if choices.target_class_ids is not None:
        return found.select([label for label in choices.target_class_ids if label in columns])
    ignore = inputs.ignore_index if choices.ignored in _CLASS_LEAVES else None
    background = choices.background or len(columns) == 1
    return found.select(
        [label for label in columns if label != ignore and (background or label != 0)]
    )


def _average_over_batches(choices: Choices, found: Areas, size: int) -> float | None:
    """Return the unweighted mean of the values of batches, the last of which may be smaller."""
    images = len(found.truth)
    if not images:
        return None
    if size >= images:  # of one batch, some images at a time can be looked at
        alone, groups = _group_images(choices, found, size)
        return _nan_to_none(average_groups(choices, groups, alone=alone)[0])
    parts = [
        average_batches(choices, part if choices.group is Group.IMAGE else part.pooled())
        for block in found.blocks(size)
        for part in block.stacks(size)
    ]
    return _nan_to_none(np.concatenate(parts).mean())


def _group_images(choices: Choices, found: Areas, size: int) -> tuple[bool, Iterable[Areas]]:
    """Return whether there is one group in all, and the areas of some groups at a time."""
    images = len(found.truth)
    by_batch = choices.group is Group.BATCH
    if choices.group is Group.DATA_SET or images == 1 or (by_batch and 0 < images <= size):
        return True, [found.whole]
    if not by_batch:
        return False, found.blocks()
    return False, (block.in_batches(size) for block in found.blocks(size))


def _nan_to_none(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
