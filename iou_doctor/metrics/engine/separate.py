"""Find the choices that make two metrics report different numbers for the same arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from iou_doctor.metrics.definition import Average, Choices, Contract, Group
from iou_doctor.metrics.engine.compare import VISIBLE_DIFFERENCE, WORDS
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.record import record

ROUNDING = 2e-6
"""Metrics that divide in float32 differ by less."""
_TEMPLATES = {
    **WORDS,
    "num_classes": "{} classes",
    "ignore_index": "{} ignored",
    "ratio": "the ratio: {}",
    "epsilon": "{} added to the denominator",
    "empty": "without any ratio: {}",
    "wrap": "cells are numbered {}",
    "counting": "counted in {}",
}
_FLAGS = {
    "averages_batches": ("all batches together", "averaged over batches"),
    "background": ("without class 0", "with class 0"),
    "threshold_is_foreground": (
        "a score at the threshold is background",
        "a score at the threshold is foreground",
    ),
    "byte_cells": ("cells are numbered in wide integers", "cells are numbered in uint8"),
    "byte_rows": ("masks are int64", "uint8 masks are multiplied by the number of classes"),
    "single_precision": ("divided in float64", "divided in float32"),
}
"""What `False` and `True` mean."""
_SETTINGS = ("num_classes", "ignore_index")
_AMOUNTS = ("smooth", "epsilon")
"""What is added, so that 0 means nothing. Elsewhere 0 is a label or a score."""


@record
class Setup:
    """What a metric decides, and with which arguments it is called."""

    choices: Choices
    num_classes: int
    ignore_index: int | None

    def get(self, name: str) -> object:
        """Return the value of a choice or an argument."""
        return getattr(self if name in _SETTINGS else self.choices, name)

    def with_values_of(self, other: Setup, names: Sequence[str]) -> Setup:
        """Return this setup with some values of another one."""
        chosen: dict[str, Any] = {name: other.get(name) for name in names if name not in _SETTINGS}
        settings: dict[str, Any] = {name: other.get(name) for name in names if name in _SETTINGS}
        return replace(self, choices=replace(self.choices, **chosen), **settings)

    def evaluate(self, inputs: MetricInputs) -> float | None:
        """Return the number that a metric with this setup reports; `None` if there is none."""
        choices = self.choices
        if choices.average is Average.PAIRS and choices.group is Group.DATA_SET:
            choices = replace(choices, average=Average.CLASSES)
        contract = Contract(name="", library="", versions="", call="", choices=choices)
        arrays = replace(inputs, num_classes=self.num_classes, ignore_index=self.ignore_index)
        return evaluate(contract, arrays).value


@record
class ChoiceChange:
    """A choice in which two metrics differ, and which moves the number."""

    choice: str
    """The name of a field of `Choices`, or `num_classes` or `ignore_index`."""
    before: str
    """What the first metric does, in words."""
    after: str


def separate(
    first: Setup, second: Setup, inputs: MetricInputs, numbers: tuple[float, float]
) -> tuple[ChoiceChange, ...] | None:
    """Return a few choices that turn the first number into the second.

    If the first metric decided these as the second does, and nothing else, it would report the
    number of the second. None of them can be left out. The most important one comes first.

    Args:
        first: the one metric.
        second: the other metric.
        inputs: the arrays.
        numbers: what the two report.

    Returns:
        `None` if the choices do not account for the numbers, for instance because a metric reads
        the arrays as they are stored.
    """
    tolerance = max(ROUNDING, min(VISIBLE_DIFFERENCE, abs(numbers[1] - numbers[0]) / 50))

    def gives(setup: Setup, number: float) -> bool:
        found = setup.evaluate(inputs)
        return found is not None and abs(found - number) <= tolerance

    if not (gives(first, numbers[0]) and gives(second, numbers[1])):
        return None
    chosen = [name for name in _list_names() if first.get(name) != second.get(name)]
    if not gives(first.with_values_of(second, chosen), numbers[1]):
        return None
    for name in reversed(chosen):
        others = [one for one in chosen if one != name]
        if gives(first.with_values_of(second, others), numbers[1]):
            chosen = others
    return tuple(
        ChoiceChange(name, _describe(name, first.get(name)), _describe(name, second.get(name)))
        for name in chosen
    )


def _list_names() -> list[str]:
    """Return the names of all choices, the most important first."""
    own = [field.name for field in fields(Choices)]
    return [*_SETTINGS, *WORDS, *(name for name in own if name not in WORDS)]


def _describe(name: str, value: object) -> str:
    if name in _FLAGS:
        return _FLAGS[name][bool(value)]
    if name == "target_class_ids":
        return "all classes" if value is None else _name_classes(value)
    if value is None or (value == 0 and name in _AMOUNTS):
        value = {"sharding": "one process", "empty": "NaN"}.get(name, "nothing")
    return _TEMPLATES.get(name, f"{name.replace('_', ' ')}: {{}}").format(value)


def _name_classes(ids: object) -> str:
    known = ids if isinstance(ids, tuple) else (ids,)
    return f"{'class' if len(known) == 1 else 'the classes'} {', '.join(map(str, known))} alone"
