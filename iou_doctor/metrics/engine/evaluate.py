"""The one evaluator: from areas and choices to the number that an implementation returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from iou_doctor.metrics.definition import (
    COUNTER_LIMITS,
    Average,
    Choices,
    Contract,
    Counting,
    Group,
    Ignored,
    Ratio,
)
from iou_doctor.metrics.engine.areas import Areas
from iou_doctor.metrics.engine.averages import average_all, average_batches, average_groups
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES, flatten_pairs
from iou_doctor.metrics.engine.count_areas import count_areas
from iou_doctor.metrics.engine.generalised_dice import compute_fractions
from iou_doctor.metrics.engine.labels import find_cells
from iou_doctor.metrics.engine.library_errors import LibraryError, NotEvaluated
from iou_doctor.metrics.engine.ranks import join_areas, split_areas
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.score import ContractScore, Counter
from iou_doctor.metrics.sharding import Sharding
from iou_doctor.record import record

SMALL_COUNTER = np.int32
"""What `Counting.WRAPS` counts in; the tests narrow it, to see it wrap with few pixels."""
LARGEST_INT32 = 2**31 - 1
_CLASS_LEAVES = frozenset({Ignored.CLASS_LEAVES, Ignored.MEAN_ONLY, Ignored.MEAN_ONLY_INSIDE})
"""The rules that remove the class which is the ignore label from the mean."""


@record
class Outcome:
    """What the arithmetic gives."""

    value: float | None
    """`None` for NaN."""
    per_class: tuple[float | None, ...] | None
    """The ratio of each class if it is computed over the data set; `None` for NaN."""


def evaluate(contract: Contract, inputs: MetricInputs) -> ContractScore:
    """Return what an implementation reports for the arrays, or the error that it raises."""
    score = ContractScore(
        contract.name,
        contract.library,
        contract.versions,
        value=None,
        short=contract.short or contract.name,
        choices=contract.choices,
    )
    fitted = _fit_inputs(contract, inputs)
    if fitted is None:
        return replace(score, note=contract.only_binary)
    inputs = fitted
    try:
        counted = count_areas(inputs, contract.choices, contract.pairing)
        found = compute_outcome(contract.choices, counted, inputs)
    except LibraryError as error:
        return replace(score, error=error.describe(contract))
    except NotEvaluated as reason:
        return replace(score, note=str(reason))
    is_nan = found.value is None and contract.choices.average is not Average.PER_CLASS
    return replace(
        score,
        value=found.value,
        per_class=found.per_class,
        dropped=counted.dropped,
        note="NaN" if is_nan else None,
        counter=None if is_nan else describe_counter(contract, inputs, counted, found.value),
    )


def evaluate_value(contract: Contract, inputs: MetricInputs) -> float | None:
    """Return the value of `evaluate` alone, in half the time; `None` for NaN or an error."""
    fitted = _fit_inputs(contract, inputs)
    if fitted is None:
        return None
    try:
        counted = count_areas(fitted, contract.choices, contract.pairing)
        return _compute_value(contract.choices, counted, fitted)
    except (LibraryError, NotEvaluated):
        return None


def _fit_inputs(contract: Contract, inputs: MetricInputs) -> MetricInputs | None:
    """Return the inputs with the classes of a contract; `None` if they have more than it knows."""
    if contract.num_classes is not None:
        inputs = replace(inputs, num_classes=contract.num_classes)
    return None if contract.only_binary and inputs.num_classes > TWO_CLASSES else inputs


@np.errstate(divide="ignore", invalid="ignore")
def _compute_value(choices: Choices, areas: Areas, inputs: MetricInputs) -> float | None:
    """Return the value of `compute_outcome` alone."""
    special = choices.sharding is not None or choices.ratio is Ratio.GENERALISED_DICE
    if special or choices.averages_batches or choices.average is Average.POOLED:
        return compute_outcome(choices, areas, inputs).value
    size = inputs.batch_size or max(1, len(areas.truth))
    areas = _select_classes(choices, _pool_images(choices, areas), inputs)
    alone, groups = _group_images(choices, areas, size)
    return _nan_to_none(average_all(choices, groups, alone=alone))


@np.errstate(over="ignore")
def describe_counter(
    contract: Contract, inputs: MetricInputs, counted: Areas, exact: float | None
) -> Counter | None:
    """Return the implementation's counter; `None` if it counts exactly at any size.

    Args:
        contract: what it computes.
        inputs: the arrays.
        counted: the areas, counted exactly.
        exact: the value for these areas; `None` for NaN.
    """
    choices = contract.choices
    if choices.counting is Counting.WRAPS:
        total = counted.total
        small = Areas.of(table.astype(SMALL_COUNTER) for table in total.tables)
        return Counter(
            dtype="int32",
            largest=int(total.union.max(initial=0)),
            limit=LARGEST_INT32,
            value=compute_outcome(choices, small, replace(inputs, samples=1)).value or 0.0,
            condition="on the torch backend",
        )
    if choices.counting not in COUNTER_LIMITS or inputs.batch_size is not None:
        return None
    return _describe_narrow_counter(contract, inputs, counted, exact)


def _describe_narrow_counter(
    contract: Contract, inputs: MetricInputs, counted: Areas, exact: float | None
) -> Counter:
    """Return the counter of an implementation that counts in floats, all pixels in one update."""
    choices = contract.choices
    largest, limit, value = counted.largest, COUNTER_LIMITS[choices.counting], exact or 0.0
    if largest > limit and contract.pairing is not None:
        from iou_doctor.metrics.engine.narrow_counters import count_narrowly  # seldom needed

        cells = find_cells(flatten_pairs(inputs, contract.pairing), inputs, choices)
        value = count_narrowly(cells, inputs.num_classes, choices, None).value
    return Counter(
        dtype=str(choices.counting),
        largest=largest,
        limit=limit,
        value=value,
        condition="if all pixels come in one `update_state`",
    )


@np.errstate(divide="ignore", invalid="ignore")
def compute_outcome(choices: Choices, areas: Areas, inputs: MetricInputs) -> Outcome:
    """Return the number that the choices give for areas of shape (images, classes)."""
    if choices.sharding is not None:
        return _evaluate_ranks(replace(choices, sharding=None), choices.sharding, areas, inputs)
    images = len(areas.truth)
    size = inputs.batch_size or max(1, images)
    areas = _select_classes(choices, _pool_images(choices, areas), inputs)
    if choices.ratio is Ratio.GENERALISED_DICE:
        return _average_generalised_dice(choices, areas, inputs)
    if pooled := choices.average is Average.POOLED:
        areas = areas.sum_classes()
    if choices.averages_batches:
        return Outcome(_average_over_batches(choices, areas, size), None)
    alone, groups = _group_images(choices, areas, size)
    value, per_class = average_groups(choices, groups, alone=alone)
    return Outcome(_nan_to_none(value), None if pooled else tuple(map(_nan_to_none, per_class)))


def _evaluate_ranks(
    choices: Choices, sharding: Sharding, areas: Areas, inputs: MetricInputs
) -> Outcome:
    """Return the number that several processes report together."""
    parts = split_areas(areas, sharding, inputs.batch_size)
    if not sharding.averages:
        joined = join_areas(parts, in_float32=sharding.in_float32)
        return compute_outcome(choices, joined, inputs)
    values = [compute_outcome(choices, part, inputs).value for part in parts]
    known = [value for value in values if value is not None]
    return Outcome(float(np.mean(known)) if len(known) == len(parts) else None, None)


def _pool_images(choices: Choices, areas: Areas) -> Areas:
    """Return the areas of the whole data set, unless ratios of images or batches are wanted."""
    if choices.averages_batches:
        return areas
    if choices.group is Group.DATA_SET or choices.average is Average.ACCURACY:
        return areas.total
    return areas


def _average_generalised_dice(choices: Choices, areas: Areas, inputs: MetricInputs) -> Outcome:
    """Return the mean over images; an image, or a class of it, without any area counts 0."""
    fractions = compute_fractions(areas.select_images(slice(None)), inputs.batch_size)
    over, under = fractions.sum(axis=2)
    value = None
    if choices.average is not Average.PER_CLASS and len(over):
        value = _nan_to_none(np.where(under == 0, 0, over / under).mean(dtype=np.float32))
    over, under = fractions
    per_class = np.where(under == 0, 0, over / under).mean(axis=0)
    return Outcome(value, tuple(map(float, per_class)))


def _select_classes(choices: Choices, areas: Areas, inputs: MetricInputs) -> Areas:
    """Return the areas of the classes that are in the mean."""
    columns = list(range(areas.truth.shape[1]))
    if choices.average is Average.FOREGROUND:
        return areas.select_classes(columns[-1:] if len(columns) == 1 else [1])
    if choices.target_class_ids is not None:
        targets = [label for label in choices.target_class_ids if label in columns]
        return areas.select_classes(targets)
    ignore = inputs.ignore_index if choices.ignored in _CLASS_LEAVES else None
    background = choices.background or len(columns) == 1
    kept = [label for label in columns if label != ignore and (background or label != 0)]
    return areas if kept == columns else areas.select_classes(kept)


def _average_over_batches(choices: Choices, areas: Areas, size: int) -> float | None:
    """Return the unweighted mean of the values of batches, the last of which may be smaller."""
    images = len(areas.truth)
    if not images:
        return None
    if size >= images:  # one batch only: its images need no stacking
        alone, groups = _group_images(choices, areas, size)
        return _nan_to_none(average_groups(choices, groups, alone=alone)[0])
    values = [
        average_batches(choices, stack if choices.group is Group.IMAGE else stack.sum_images())
        for block in areas.iterate_blocks(size)
        for stack in block.stack_batches(size)
    ]
    return _nan_to_none(np.concatenate(values).mean())


def _group_images(choices: Choices, areas: Areas, size: int) -> tuple[bool, Iterable[Areas]]:
    """Return whether there is only one group, and the areas of some groups at a time."""
    images = len(areas.truth)
    by_batch = choices.group is Group.BATCH
    if choices.group is Group.DATA_SET or images == 1 or (by_batch and 0 < images <= size):
        return True, [areas.total]
    if not by_batch:
        return False, areas.iterate_blocks()
    return False, (block.sum_batches(size) for block in areas.iterate_blocks(size))


def _nan_to_none(value: np.floating) -> float | None:
    return None if np.isnan(value) else float(value)
