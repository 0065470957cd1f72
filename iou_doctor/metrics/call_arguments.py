"""What the calls of all libraries have in common: from parsed arguments to a metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.errors import UsageError
from iou_doctor.metrics.definition import Absent, Average, Contract, PixelContent
from iou_doctor.metrics.metric import Metric

Chosen = TypeVar("Chosen")
ZERO_DIVISION = {0: Absent.ZERO, 1: Absent.ONE}
"""What the argument `zero_division` of several libraries chooses."""


def wrap_contract(
    contract: Contract,
    *,
    name: str,
    call: str,
    num_classes: int | None = None,
    ignore: int | None = None,
    ignores: bool = False,
    threshold: float | None = None,
) -> Metric:
    """Return the metric that computes a contract.

    Args:
        contract: what it computes.
        name: its full name.
        call: as the user wrote it.
        num_classes: as the call says.
        ignore: the ignore label as the call says.
        ignores: whether the call is where that is said.
        threshold: as the call says.
    """
    one_hot = contract.takes.masks is PixelContent.ONE_HOT
    channels = contract.takes.predictions in {PixelContent.ONE_HOT, PixelContent.SCORES}
    true = LabelDecoding.ARGMAX_LAST if one_hot else LabelDecoding.LABELS
    pred = LabelDecoding.ARGMAX_LAST if channels else LabelDecoding.LABELS
    if contract.pairing is not None:
        true, pred = contract.pairing.true, contract.pairing.pred
    foreground = contract.choices.average is Average.FOREGROUND
    return Metric(
        name=name,
        call=call,
        true=true,
        pred=pred,
        num_classes=2 if contract.binary or num_classes == 1 else num_classes,
        ignore_class=ignore,
        target_class_ids=(1,) if foreground else contract.choices.target_class_ids,
        threshold=threshold,
        axis=-1 if contract.pairing is not None else contract.takes.axis,
        contract=contract,
        ignores=ignores,
    )


def choose(name: str, argument: str, value: object, choices: Mapping[Any, Chosen]) -> Chosen:
    """Return what an argument chooses.

    Raises:
        UsageError: the value is none of the keys.
    """
    for key, chosen in choices.items():
        if isinstance(key, bool) == isinstance(value, bool) and key == value:
            return chosen
    works = ", ".join(repr(key) for key in choices)
    raise UsageError(
        f"--metric {name}: {argument}={value!r} is not worked out; what works: {works}"
    )


def parse_flag(name: str, argument: str, value: object) -> bool:
    """Return an argument that is True or False."""
    return choose(name, argument, value, {True: True, False: False})


def parse_integer(name: str, argument: str, value: object) -> int | None:
    """Return an argument that is a whole number or `None`."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise UsageError(f"--metric {name}: {argument} must be a whole number, not {value!r}")


def parse_number(name: str, argument: str, value: object) -> float:
    """Return an argument that is a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise UsageError(f"--metric {name}: {argument} must be a number, not {value!r}")


def parse_class_ids(name: str, argument: str, value: object) -> tuple[int, ...]:
    """Return an argument that is a list of class ids."""
    if isinstance(value, (list, tuple, range)) and value and all(type(v) is int for v in value):
        return tuple(value)
    raise UsageError(f"--metric {name}: {argument} must be a list of class ids, not {value!r}")
