"""Stats -> Score: one file a library, and nothing outside Stats is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.call_arguments import wrap_contract
from iou_doctor.metrics.definition import Contract, Ignored
from iou_doctor.metrics.engine.cells import counts_in_bytes
from iou_doctor.metrics.engine.class_ids import build_score_error
from iou_doctor.metrics.engine.compare import VISIBLE_DIFFERENCE, explain_difference
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.engine.library_errors import describe_length_error
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.libraries import (
    CONTRACTS,
    detectron2,
    hf_evaluate,
    ignite,
    keras,
    kornia,
    mmseg,
    monai,
    nnunet,
    paddleseg,
    segmentation_models,
    sklearn,
    smp,
    tf_keras,
    torchmetrics,
    torchmetrics_segmentation,
    torchvision,
    ultralytics,
)
from iou_doctor.metrics.metric import Metric, Signature
from iou_doctor.metrics.score import REASON_SEPARATOR, ContractScore

__all__ = [
    "CONTRACTS",
    "SIGNATURES",
    "VISIBLE_DIFFERENCE",
    "build_failed_score",
    "build_metric",
    "build_unevaluated_score",
    "describe_length_error",
    "describe_score_error",
    "evaluate",
    "evaluate_all",
    "explain_difference",
    "find_applicable",
    "find_library",
    "find_metric",
    "find_metric_by_call",
    "keras",
    "tf_keras",
]

TWO_CLASSES = 2
_HOLE = re.escape("{num_classes}")


class Library(Protocol):
    """What a module of this package offers for the metrics that a call can name."""

    SIGNATURES: tuple[Signature, ...]

    def build_metric(self, name: str, arguments: Mapping[str, Any], *, call: str) -> Metric:
        """Return the metric of a parsed call."""


Some = TypeVar("Some", bound=Library)


class Keras(Library, Protocol):
    """What the libraries offer besides that flatten both arrays, as Keras' metrics do."""

    LIBRARY: str
    VERSIONS: str
    SIZES: str
    """What it says to arrays that flatten to different lengths."""

    def evaluate(self, metric: Metric, pairs: PairCounts, *, num_classes: int) -> ContractScore:
        """Return what the metric reports for the table of its own pairing."""

    def describe_axis_error(self, metric: Metric) -> str | None:
        """Return the error that the metric's `axis` leads to, if any."""


_KERAS: tuple[Keras, ...] = (keras, tf_keras)
_LIBRARIES: tuple[Library, ...] = (
    *_KERAS,
    torchmetrics,
    torchmetrics_segmentation,
    monai,
    sklearn,
    mmseg,
    hf_evaluate,
    smp,
    segmentation_models,
    ultralytics,
    detectron2,
    ignite,
    kornia,
    paddleseg,
    nnunet,
    torchvision,
)
"""The first one that has a metric of a short name is meant by it."""
SIGNATURES = tuple(signature for library in _LIBRARIES for signature in library.SIGNATURES)


def _index_by_name(libraries: Iterable[Some]) -> dict[str, Some]:
    return {signature.name: library for library in libraries for signature in library.SIGNATURES}


def find_metric(name: str) -> Metric | None:
    """Return the metric that computes the contract of a name; `None` where there is none."""
    found = next((contract for contract in CONTRACTS if contract.name == name), None)
    if found is None:
        return None
    void = 255 if found.choices.ignored is Ignored.IS_255 else None
    return wrap_contract(found, name=name, call=name, ignore=void, ignores=void is not None)


def find_metric_by_call(code: str) -> Metric | None:
    """Return the metric of an idiom as the report prints it; `None` where it is none."""
    for contract in CONTRACTS:
        pattern = re.escape("".join(contract.call.split()))
        found = re.fullmatch(pattern.replace(_HOLE, r"(\d+)"), "".join(code.split()))
        metric = find_metric(contract.name) if contract.call and found else None
        if metric and found:
            return replace(metric, num_classes=next(map(int, found.groups()), metric.num_classes))
    return None


def build_metric(name: str, arguments: Mapping[str, Any], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Args:
        name: its full name, one of `SIGNATURES`.
        arguments: all of its parameters.
        call: as the user wrote it.

    Raises:
        UsageError: an argument has a value that the library does not take, or that is not
            worked out here.
    """
    return _index_by_name(_LIBRARIES)[name].build_metric(name, arguments, call=call)


def find_library(metric_name: str) -> Keras:
    """Return the library of a metric without a contract of its own, by its full name."""
    return _index_by_name(_KERAS)[metric_name]


def build_failed_score(metric: Metric, error: str) -> ContractScore:
    """Return the score of a metric that raises."""
    return replace(build_unevaluated_score(metric, ""), error=error, note=None)


def build_unevaluated_score(metric: Metric, why: str) -> ContractScore:
    """Return the score of a metric whose number is not worked out here."""
    if metric.contract is not None:
        library, versions = metric.contract.library, metric.contract.versions
    else:
        module = find_library(metric.name)
        library, versions = module.LIBRARY, module.VERSIONS
    return ContractScore(metric.name, library, versions, value=None, note=why)


def describe_score_error(contract: Contract, inputs: MetricInputs) -> str:
    """Return the error of a library that wants class ids and gets other numbers."""
    return build_score_error(inputs).describe(contract)


def find_applicable(inputs: MetricInputs, *, all_implementations: bool) -> Iterator[Contract]:
    """Yield the contracts that say something about such arrays.

    Args:
        inputs: the arrays.
        all_implementations: not only those that people compare most.
    """
    for contract in CONTRACTS:
        if not contract.common and not all_implementations:
            continue
        if contract.pairing and not (
            contract.pairing in inputs.flat or contract.pairing in inputs.lengths
        ):
            continue
        if contract.binary and inputs.num_classes != TWO_CLASSES:
            continue
        if inputs.form is PredictionForm.ONE_CHANNEL and not contract.choices.background:
            continue
        if contract.choices.byte_cells and not counts_in_bytes(inputs, contract.choices):
            continue
        yield contract


def evaluate_all(
    inputs: MetricInputs, *, all_implementations: bool, doctor: float | None
) -> tuple[ContractScore, ...]:
    """Return what each implementation reports, and why where it is not the doctor's number.

    Args:
        inputs: the arrays.
        all_implementations: not only what people compare most.
        doctor: the doctor's own mean IoU.
    """
    scores = []
    for contract in find_applicable(inputs, all_implementations=all_implementations):
        found = evaluate(contract, inputs)
        if found.value is not None and found.note is None and doctor is not None:
            differs = abs(found.value - doctor) > VISIBLE_DIFFERENCE
            why = (
                REASON_SEPARATOR.join(explain_difference(contract, inputs, found.value))
                if differs
                else None
            )
            found = replace(found, note=_describe_overflow(found) or why or None)
        scores.append(replace(found, call=_fill_in_call(contract, inputs)))
    return tuple(scores)


def _describe_overflow(found: ContractScore) -> str | None:
    """Return what an implementation reports whose counters end before the data do."""
    counter = found.counter
    if (
        counter is None
        or found.value is None
        or abs(counter.value - found.value) <= VISIBLE_DIFFERENCE
    ):
        return None
    return f"{counter.value:.4f} {counter.condition}"


def _fill_in_call(contract: Contract, inputs: MetricInputs) -> str:
    """Return the call as a user would write it for these arrays."""
    ignore = inputs.ignore_index
    if contract.choices.ignored is Ignored.MEAN_ONLY and ignore not in range(inputs.num_classes):
        ignore = None  # it would raise, and does not count such pixels anyway
    call = contract.call
    if inputs.form is PredictionForm.ONE_CHANNEL and contract.one_channel_call:
        call = contract.one_channel_call
    if ignore is None:
        for argument in ("ignore_index={ignore_index}", "ignore_class={ignore_index}"):
            call = call.replace(f", {argument}", "").replace(f"{argument}, ", "")
            call = call.replace(argument, "")
    return call.format(num_classes=inputs.num_classes, ignore_index=ignore)
