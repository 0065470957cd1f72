"""The metrics that a user's code may name: by a call, by an idiom, or by the name of a contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import wrap_contract
from iou_doctor.metrics.definition import Contract, Ignored
from iou_doctor.metrics.engine.class_ids import build_score_error
from iou_doctor.metrics.engine.compare import VISIBLE_DIFFERENCE, explain_difference
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.engine.library_errors import describe_length_error
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.libraries import (
    CONTRACTS,
    KERAS_LIBRARIES,
    LIBRARIES,
    CallLibrary,
    KerasLibrary,
)
from iou_doctor.metrics.metric import Metric, Signature
from iou_doctor.metrics.score import ContractScore

__all__ = [
    "CONTRACTS",
    "VISIBLE_DIFFERENCE",
    "build_failed_score",
    "build_metric",
    "build_unevaluated_score",
    "describe_length_error",
    "describe_score_error",
    "evaluate",
    "explain_difference",
    "find_formula",
    "find_library",
    "find_metric",
    "find_metric_by_call",
    "is_same_definition",
    "list_signatures",
]

_NAMED_CHOICES = ("ratio", "average", "group", "averages_batches", "background")
"""The choices that arguments in the name of a contract tell apart."""
_NUM_CLASSES_FIELD = re.escape("{num_classes}")


def find_metric(name: str) -> Metric | None:
    """Return the metric that computes the contract of a name; `None` if there is none."""
    contracts = CONTRACTS
    if name.startswith("distributed."):  # few evaluate so, and nobody names it by a call
        from iou_doctor.metrics.libraries import distributed

        contracts = distributed.CONTRACTS
    found = next((contract for contract in contracts if contract.name == name), None)
    if found is None:
        return None
    void = 255 if found.choices.ignored is Ignored.IS_255 else None
    return wrap_contract(found, name=name, call=name, ignore=void, ignores=void is not None)


def find_metric_by_call(code: str) -> Metric | None:
    """Return the metric of the contract with this `call`, spaces aside; `None` if there is none."""
    for contract in CONTRACTS:
        pattern = re.escape("".join(contract.call.split()))
        found = re.fullmatch(pattern.replace(_NUM_CLASSES_FIELD, r"(\d+)"), "".join(code.split()))
        metric = find_metric(contract.name) if contract.call and found else None
        if metric and found:
            return replace(metric, num_classes=next(map(int, found.groups()), metric.num_classes))
    return None


def find_formula(code: str, *, call: str) -> Metric | None:
    """Return the metric that a formula over two arrays works out; `None` if it is not understood.

    Args:
        code: the formula.
        call: the same on one line.
    """
    from iou_doctor.metrics.calls.formulas import read_formula
    from iou_doctor.metrics.libraries import formula

    found = read_formula(code)
    if found is None:
        return None
    return formula.build_metric(
        found.ratio, smooth=found.smooth, arithmetic=found.arithmetic, call=call
    )


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Args:
        name: its full name, that of one of `list_signatures()`.
        arguments: a value for each of its parameters.
        call: the call as the user wrote it.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    for library in _list_libraries():
        if any(signature.name == name for signature in library.SIGNATURES):
            return _name_by_choices(library.build_metric(name, arguments, call=call))
    raise KeyError(name)


def is_same_definition(one: Contract, other: Contract) -> bool:
    """Return whether two contracts of one implementation are called in the same way."""
    return all(getattr(one.choices, key) == getattr(other.choices, key) for key in _NAMED_CHOICES)


def _name_by_choices(metric: Metric) -> Metric:
    """Return a metric with the name of the contract that its arguments choose."""
    contract = metric.contract
    named = {known.name: known for known in CONTRACTS}
    own = named.get(contract.name) if contract else None
    if contract is None or own is None or is_same_definition(own, contract):
        return metric
    base = contract.name.partition("[")[0]
    found = (
        known
        for known in CONTRACTS
        if known.name.startswith(f"{base}[") and is_same_definition(known, contract)
    )
    chosen = next((known for known in found if "@" not in known.name), None)
    name, short = (chosen.name, chosen.short) if chosen else (base, base)
    return replace(metric, contract=replace(contract, name=name, short=short))


def list_signatures() -> tuple[Signature, ...]:
    """Return all calls that `--metric` understands, and some that it can only explain."""
    return tuple(signature for library in _list_libraries() for signature in library.SIGNATURES)


def _list_libraries() -> tuple[CallLibrary, ...]:
    from iou_doctor.metrics.libraries.calls import (
        CALLED_LIBRARIES,
    )  # only a named metric needs them

    return (*LIBRARIES, *CALLED_LIBRARIES)


def find_library(metric_name: str) -> KerasLibrary:
    """Return the library of a metric that has no contract of its own.

    Args:
        metric_name: the full name of a metric of Keras or tf-keras.
    """
    for library in KERAS_LIBRARIES:
        if any(signature.name == metric_name for signature in library.SIGNATURES):
            return library
    raise KeyError(metric_name)


def build_failed_score(metric: Metric, error: str) -> ContractScore:
    """Return the score of a metric that raises."""
    return replace(build_unevaluated_score(metric, ""), error=error, note=None)


def build_unevaluated_score(metric: Metric, reason: str) -> ContractScore:
    """Return the score of a metric whose value is not evaluated, with a note that says why."""
    if metric.contract is not None:
        library, versions = metric.contract.library, metric.contract.versions
    else:
        module = find_library(metric.name)
        library, versions = module.LIBRARY, module.VERSIONS
    return ContractScore(metric.name, library, versions, value=None, note=reason)


def describe_score_error(contract: Contract, inputs: MetricInputs) -> str:
    """Return the error of a library that wants class ids and gets other numbers."""
    return build_score_error(inputs).describe(contract)
