"""The metric that the user names, and what its call says beside the options."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption
from iou_doctor.errors import UsageError
from iou_doctor.metrics import registry
from iou_doctor.metrics.definition import Average
from iou_doctor.metrics.libraries import keras
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.user.parse_call import namesakes, parse_call

Number = TypeVar("Number", int, float)


def metric_of(call: str | None, options: Options) -> tuple[Metric, Options, tuple[Assumption, ...]]:
    """Return the user's metric, the options with what its call says, and what was guessed.

    Args:
        call: as in the user's code, or a contract's name; `None`: Keras' `MeanIoU`.
        options: what else the user said.

    Raises:
        UsageError: the call is not understood, or contradicts an option.
    """
    if options.num_classes is not None and options.num_classes < 2:
        raise UsageError(
            f"--num-classes {options.num_classes}: background counts, so two classes are the"
            " least; use --num-classes 2"
        )
    if call is None:
        default = keras.build_default_metric(
            num_classes=options.num_classes, ignore_class=options.ignore_index
        )
        return default, options, ()
    metric, assumed = _understood(call)
    if metric.num_classes is not None and metric.num_classes < 2:
        raise UsageError(
            f"--metric {call}: background counts, so two classes are the least; num_classes=2"
        )
    name = "ignore_index" if metric.contract else "ignore_class"
    num_classes = _agreed("--num-classes", options.num_classes, "num_classes", metric.num_classes)
    ignore = _agreed("--ignore-index", options.ignore_index, name, metric.ignore_class)
    _agreed("--threshold", options.threshold, "threshold", metric.threshold)
    if metric.contract and not metric.ignores:
        metric = replace(metric, ignore_class=ignore)
    return metric, replace(options, num_classes=num_classes, ignore_index=ignore), assumed


def _understood(call: str) -> tuple[Metric, tuple[Assumption, ...]]:
    named = registry.find_metric(call.strip())
    if named is not None:
        return named, ()
    try:
        signature, arguments = parse_call(call, registry.SIGNATURES)
        metric = registry.build_metric(signature.name, arguments, call=call)
    except UsageError:
        if idiom := registry.find_metric_by_call(call):
            return replace(idiom, call=call), ()
        raise
    _check_mean(metric)
    others = namesakes(call, signature, registry.SIGNATURES)
    if not others:
        return metric, ()
    why = f"{metric.short_name} may also be {' or '.join(others)}"
    return metric, (Assumption("metric", signature.name, why),)


def _check_mean(metric: Metric) -> None:
    """Refuse the mean of numbers of which a library may count some in its own way."""
    classes = metric.contract and metric.contract.choices.average is Average.PER_CLASS
    if classes and metric.call.rstrip().endswith(".mean()"):
        raise UsageError(
            f"--metric {metric.name}: the mean of its numbers is not worked out; name the metric"
            " that averages, with average='macro' or reduction='macro' for instance"
        )


def _agreed(
    option: str, value: Number | None, argument: str, other: Number | None
) -> Number | None:
    if value is not None and other is not None and value != other:
        raise UsageError(
            f"{option} {value} and {argument}={other} in --metric contradict each other; give one"
        )
    return other if value is None else value
