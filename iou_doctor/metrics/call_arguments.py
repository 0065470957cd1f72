"""Turn the parsed arguments of a call into a metric: functions that all libraries share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.errors import UsageError
from iou_doctor.metrics.definition import Absent, Average, Contract
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.metrics.metric import Metric

LONGEST_VALUE = 60
"""The maximum number of characters of a value in an error."""
Key = TypeVar("Key")
Chosen = TypeVar("Chosen")
ZERO_DIVISION = {0: Absent.ZERO, 1: Absent.ONE}
"""The value of an absent class for each `zero_division`, an argument of several libraries."""


def wrap_contract(
    contract: Contract,
    *,
    name: str,
    call: str,
    num_classes: int | None = None,
    ignore: int | None = None,
    ignores: bool = False,
    threshold: float | None = None,
    error: str = "",
) -> Metric:
    """Return the metric that computes a contract.

    Args:
        contract: what it computes.
        name: its full name.
        call: the call as the user wrote it.
        num_classes: the number of classes in the call.
        ignore: the ignore label in the call.
        ignores: whether the call decides what is ignored; else `--ignore-index` does.
        threshold: the threshold in the call.
        error: the error that the call itself raises.
    """
    one_hot = contract.takes.masks is PixelContent.ONE_HOT
    channels = contract.takes.predictions in {PixelContent.ONE_HOT, PixelContent.SCORES}
    true = LabelDecoding.ARGMAX_LAST if one_hot else LabelDecoding.LABELS
    pred = LabelDecoding.ARGMAX_LAST if channels else LabelDecoding.LABELS
    if contract.pairing is not None:
        true, pred = contract.pairing.y_true, contract.pairing.y_pred
    foreground = contract.choices.average is Average.FOREGROUND
    return Metric(
        name=name,
        call=call,
        y_true=true,
        y_pred=pred,
        num_classes=2 if contract.binary else num_classes,
        ignore_class=ignore,
        target_class_ids=(1,) if foreground else contract.choices.target_class_ids,
        threshold=threshold,
        axis=-1 if contract.pairing is not None else contract.takes.axis,
        contract=contract,
        ignores=ignores,
        call_error=error,
    )


def refuse_argument(name: str, argument: str, instead: str) -> UsageError:
    """Return the error for an argument whose effect is not worked out.

    Args:
        name: the full name of the metric.
        argument: the argument.
        instead: what to do, as a clause.
    """
    return UsageError(f"--metric {name}: iou-doctor does not work out {argument}; {instead}")


def choose(name: str, argument: str, value: object, choices: Mapping[Key, Chosen]) -> Chosen:
    """Return what the value of an argument chooses.

    Args:
        name: the full name of the metric.
        argument: the name of the argument.
        value: its value in the call.
        choices: what each value chooses; `True` is not 1 here.

    Raises:
        UsageError: the value is not among the choices.
    """
    for key, chosen in choices.items():
        if isinstance(key, bool) == isinstance(value, bool) and key == value:
            return chosen
    works = ", ".join(repr(key) for key in choices)
    raise UsageError(
        f"--metric {name}: {argument}={_quote(value)} is not supported; what works: {works}"
    )


def _quote(value: object) -> str:
    """Return a value as it is written, cut off if it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def parse_flag(name: str, argument: str, value: object) -> bool:
    """Return the value of an argument that must be `True` or `False`.

    Raises:
        UsageError: it is not.
    """
    return choose(name, argument, value, {True: True, False: False})


def parse_integer(name: str, argument: str, value: object) -> int | None:
    """Return the value of an argument that must be an integer or `None`.

    Raises:
        UsageError: it is not.
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise UsageError(f"--metric {name}: {argument} must be an integer, not {_quote(value)}")


def parse_number(name: str, argument: str, value: object) -> float:
    """Return the value of an argument that must be a number.

    Raises:
        UsageError: it is not.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    raise UsageError(f"--metric {name}: {argument} must be a number, not {_quote(value)}")


def parse_class_ids(name: str, argument: str, value: object) -> tuple[int, ...]:
    """Return the value of an argument that must be a list of class ids.

    Raises:
        UsageError: it is not.
    """
    if isinstance(value, (list, tuple, range)) and value and all(type(v) is int for v in value):
        return tuple(value)
    raise UsageError(
        f"--metric {name}: {argument} must be a list of class ids, not {_quote(value)}"
    )
