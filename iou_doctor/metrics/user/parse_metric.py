"""Read the user's metric from its call, and reconcile the call with the options."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption
from iou_doctor.errors import UsageError
from iou_doctor.metrics import registry
from iou_doctor.metrics.definition import Average
from iou_doctor.metrics.libraries import keras
from iou_doctor.metrics.metric import RESULT, Metric

Number = TypeVar("Number", int, float)

LARGEST_NUM_CLASSES = 4096
"""The largest number of classes that is accepted. The full ADE20K data set has about 3,100 ids, and
a table of 4,096 classes squared takes 128 MiB."""
LARGEST_LABEL = 1 << 62
"""The largest label to ignore, because repairs add to labels that are integers of 64 bits."""


def check_num_classes(num_classes: int | None) -> None:
    """Refuse a number of classes that the user gave and that no data set can have.

    Raises:
        UsageError: it is out of range.
    """
    if num_classes is not None and num_classes < 2:
        raise UsageError(
            f"--num-classes {num_classes}: background counts as a class, so there are at least"
            " two; use --num-classes 2"
        )
    if num_classes is not None and num_classes > LARGEST_NUM_CLASSES:
        raise UsageError(
            f"--num-classes {num_classes}: iou-doctor takes at most {LARGEST_NUM_CLASSES:,}"
            " classes; give the largest label plus one"
        )


def parse_user_metric(
    call: str | None, options: Options
) -> tuple[Metric, Options, tuple[Assumption, ...]]:
    """Return the user's metric, the options completed by its call, and what was guessed.

    Args:
        call: the call as in the user's code, or a contract's name; `None` for Keras' `MeanIoU`.
        options: what else the user said.

    Raises:
        UsageError: the call is not understood, or contradicts an option, or an option is out of
            range.
    """
    check_num_classes(options.num_classes)
    if call is None:
        metric = keras.build_default_metric(
            num_classes=options.num_classes, ignore_class=options.ignore_index
        )
        _check_limits(options)
        return metric, options, ()
    metric, assumed = _understand(call, options)
    if metric.num_classes is not None and metric.num_classes < 1:
        raise UsageError(
            f"--metric {metric.name}: num_classes={metric.num_classes} must be positive"
        )
    name = "ignore_index" if metric.contract else "ignore_class"
    classes = None if metric.num_classes == 1 else metric.num_classes  # people say so of two
    num_classes = _agree("--num-classes", options.num_classes, "num_classes", classes)
    ignore = _agree("--ignore-index", options.ignore_index, name, metric.ignore_class)
    _agree("--threshold", options.threshold, "threshold", metric.threshold)
    if metric.contract and not metric.ignores:
        metric = replace(metric, ignore_class=ignore)
    options = replace(options, num_classes=num_classes, ignore_index=ignore)
    _check_limits(options)
    return metric, options, assumed


def _understand(code: str, options: Options) -> tuple[Metric, tuple[Assumption, ...]]:
    """Return the metric that some code names, and what was guessed about it."""
    from iou_doctor.metrics.calls.parse_call import parse_call  # few runs name a metric
    from iou_doctor.metrics.calls.refusals import shorten

    named = registry.find_metric(code.strip())
    if named is not None:
        return named, ()
    given = {
        "num_classes": options.num_classes,
        "ignore_index": options.ignore_index,
        "threshold": options.threshold,
    }
    try:
        found = parse_call(code, registry.list_signatures(), given)
        metric = registry.build_metric(found.signature.name, found.arguments, call=found.text)
    except UsageError:
        text = " ".join(code.split())
        if idiom := registry.find_metric_by_call(code):
            return replace(idiom, call=text), ()
        if formula := registry.find_formula(code, call=text):
            what = formula.contract.short if formula.contract else formula.name
            why = f"`{shorten(text)}` works out the {what}"
            return formula, (Assumption("metric", formula.name, why),)
        raise
    metric = _take_class(metric, str(found.arguments[RESULT]))
    _refuse_mean_of_classes(metric)
    name = found.signature.name
    return metric, tuple(Assumption("metric", name, why) for why in found.guesses)


def _take_class(metric: Metric, result: str) -> Metric:
    """Return the metric of one class, if the code takes it out of the numbers of all."""
    contract = metric.contract
    if contract is None or contract.choices.average is not Average.PER_CLASS:
        return metric
    if not result.isdecimal():
        return metric
    choices = replace(contract.choices, average=Average.CLASSES, target_class_ids=(int(result),))
    named = replace(contract, choices=choices, of_channels=None)
    return replace(metric, contract=named, target_class_ids=(int(result),))


def _refuse_mean_of_classes(metric: Metric) -> None:
    """Refuse `.mean()` of per-class numbers, because a library may mark absent classes with -1."""
    per_class = metric.contract and metric.contract.choices.average is Average.PER_CLASS
    if per_class and metric.call.rstrip().endswith(".mean()"):
        raise UsageError(
            f"--metric {metric.name}: iou-doctor does not work out the mean of its numbers; name"
            " the metric that averages, for instance with average='macro' or reduction='macro'"
        )


def _agree(option: str, value: Number | None, argument: str, other: Number | None) -> Number | None:
    """Return the value on which an option and an argument of the call agree."""
    if value is not None and other is not None and value != other:
        raise UsageError(
            f"{option} {value} and {argument}={other} in --metric contradict each other; give one"
        )
    return other if value is None else value


def _check_limits(options: Options) -> None:
    check_num_classes(options.num_classes)
    if options.ignore_index is not None and abs(options.ignore_index) > LARGEST_LABEL:
        raise UsageError(
            f"--ignore-index {options.ignore_index}: no array holds such a label; 255 and -1 are"
            " usual"
        )
    if options.threshold is not None and not math.isfinite(options.threshold):
        raise UsageError(f"--threshold {options.threshold}: give a number, 0.5 for instance")
