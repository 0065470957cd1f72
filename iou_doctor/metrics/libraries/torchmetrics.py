"""`JaccardIndex` of torchmetrics.

Source: torchmetrics 1.9.0, `functional/classification/jaccard.py` and `confusion_matrix.py`. That
0.10 and 0.11 count absent classes as 0 was read and not run.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import (
    ZERO_DIVISION,
    choose,
    parse_integer,
    parse_number,
    wrap_contract,
)
from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Ignored,
    Sigmoid,
    Stray,
)
from iou_doctor.metrics.input_spec import Flattens, InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.metric import Metric, Signature

LIBRARY = "torchmetrics"

_MULTICLASS = Choices(
    floats=Floats.TRUNCATED,
    stray_truth=Stray.WRAPS,
    stray_prediction=Stray.WRAPS,
    counts_distinct_labels=True,
    ignores_in_mask_dtype=True,
    ignored=Ignored.CLASS_LEAVES,
    absent=Absent.SKIPPED,
)
_BINARY = Choices(
    floats=Floats.THRESHOLDED,
    sigmoid=Sigmoid.BY_UPDATE,
    threshold_is_foreground=False,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    takes_fractional_masks=False,
    checks_ignored_predictions=True,
    ignores_in_mask_dtype=True,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.ZERO,
    average=Average.FOREGROUND,
)
_MULTILABEL = replace(
    _BINARY,
    floats=Floats.ABOVE,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.NO_OPTION,
    average=Average.CLASSES,
)

SAME = "RuntimeError: Predictions and targets are expected to have the same shape"
_EITHER = (
    "ValueError: Either `preds` and `target` both should have the (same) shape (N, ...), or"
    " `target` should be (N, ...) and `preds` should be (N, C, ...)."
)
_ONE_MORE = "ValueError: If `preds` have one dimension more than `target`,"
TAKES_MAPS = InputSpec(refuses_extra_axes=True, errors={Mismatch.SHAPES: SAME})
TAKES_ONE_HOT = replace(
    TAKES_MAPS, masks=PixelContent.ONE_HOT, predictions=PixelContent.SCORES, one_channel=True
)
_TAKES_MULTICLASS = InputSpec(
    predictions=PixelContent.EITHER,
    needs_floats=True,
    refuses_extra_axes=True,
    flattens=Flattens.ALIKE,
    errors={
        Mismatch.AXIS: f"{_ONE_MORE} `preds.shape[1]` should be equal to number of classes.",
        Mismatch.INTEGERS: f"{_ONE_MORE} `preds` should be a float tensor.",
        Mismatch.SIZES: "ValueError: ('The `preds` and `target` should have the same shape,'",
        Mismatch.SHAPES: _EITHER,
    },
)


def _build_contract(average: str, choices: Choices, *, common: bool = False) -> Contract:
    call = "torchmetrics.JaccardIndex(task='multiclass', num_classes={num_classes}"
    return Contract(
        name=f"torchmetrics.JaccardIndex[{average}]",
        library=LIBRARY,
        versions="1.0-1.9",
        call=f"{call}, average='{average}', ignore_index={{ignore_index}})",
        choices=choices,
        error="RuntimeError: shape '[{width}, {width}]' is invalid for input of size {size}"
        " (the {side} hold {label}, not in 0..{last})",
        error_below="RuntimeError: bincount only supports 1-d non-negative integral inputs."
        " (the {side} hold {label}, not in 0..{last})",
        takes=_TAKES_MULTICLASS,
        short=f"torchmetrics {average}",
        common=common,
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("macro", _MULTICLASS, common=True),
    _build_contract("micro", replace(_MULTICLASS, average=Average.POOLED, empty=0.0), common=True),
    _build_contract("weighted", replace(_MULTICLASS, average=Average.WEIGHTED)),
    _build_contract(
        "none",
        replace(
            _MULTICLASS,
            average=Average.PER_CLASS,
            absent=Absent.ZERO,
            ignored=Ignored.CLASS_STAYS,
        ),
    ),
    Contract(
        name="torchmetrics.JaccardIndex[binary]",
        library=LIBRARY,
        versions="1.4.2-1.9",
        call="torchmetrics.JaccardIndex(task='binary', ignore_index={ignore_index})",
        choices=_BINARY,
        error="RuntimeError: Detected the following values in `{preds}`: {values} but expected only"
        " the following values: 0 and 1",
        takes=TAKES_MAPS,
        short="torchmetrics binary",
        binary=True,
    ),
    Contract(
        name="torchmetrics.JaccardIndex[multilabel]",
        library=LIBRARY,
        versions="1.0-1.9",
        call="torchmetrics.JaccardIndex(task='multilabel', num_labels={num_classes})",
        choices=_MULTILABEL,
        takes=replace(TAKES_ONE_HOT, one_channel=False),
        short="torchmetrics multilabel",
    ),
    replace(
        _build_contract("macro", replace(_MULTICLASS, absent=Absent.ZERO)),
        name="torchmetrics.JaccardIndex[macro]@0.11",
        versions="0.10-0.11",
        short="torchmetrics macro before 1.0",
    ),
)
_NAMED = {contract.name: contract for contract in CONTRACTS}

_OPTIONS = {"ignore_index": None, "validate_args": True, "zero_division": 0}
_THRESHOLD = {"threshold": 0.5}
_AVERAGE = {"average": "macro"}
FREE = frozenset(
    {"validate_args", "compute_on_cpu", "dist_sync_on_step", "process_group", "sync_on_compute"}
)


def build_signature(name: str, **parameters: object) -> Signature:
    """Return the signature of a metric of this library."""
    return Signature(f"torchmetrics.{name}", parameters, free=FREE)


SIGNATURES: tuple[Signature, ...] = (
    build_signature(
        "classification.JaccardIndex",
        task=...,
        **_THRESHOLD,
        num_classes=None,
        num_labels=None,
        **_AVERAGE,
        **_OPTIONS,
    ),
    build_signature("classification.BinaryJaccardIndex", **_THRESHOLD, **_OPTIONS),
    build_signature(
        "classification.MulticlassJaccardIndex", num_classes=None, **_AVERAGE, **_OPTIONS
    ),
    build_signature(
        "classification.MultilabelJaccardIndex",
        num_labels=None,
        **_THRESHOLD,
        **_AVERAGE,
        **_OPTIONS,
    ),
)
FEWEST_CLASSES = 2
FOR_ONE_LABEL = 'a single label is a binary task: JaccardIndex(task="binary")'
AVERAGES: dict[str | None, Average] = {
    "macro": Average.CLASSES,
    "micro": Average.POOLED,
    "weighted": Average.WEIGHTED,
    "none": Average.PER_CLASS,
    None: Average.PER_CLASS,
}


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    task = name.rpartition(".")[2].removesuffix("JaccardIndex").lower() or arguments["task"]
    tasks = {task: task for task in ("binary", "multiclass", "multilabel")}
    return _build_task_metric(choose(name, "task", task, tasks), name, arguments, call)


def _build_task_metric(task: str, name: str, arguments: Mapping[str, object], call: str) -> Metric:
    """Return the metric of one of the three tasks, whose parameters alone matter."""
    contract = _NAMED[f"torchmetrics.JaccardIndex[{'macro' if task == 'multiclass' else task}]"]
    choices, classes, threshold = contract.choices, None, None
    error = ""
    zero = choose(name, "zero_division", arguments["zero_division"], ZERO_DIVISION)
    if task != "multiclass":
        threshold = parse_number(name, "threshold", arguments["threshold"])
        choices = replace(choices, absent=zero)
    if task != "binary":
        average = choose(name, "average", arguments["average"], AVERAGES)
        empty = 0.0 if average is Average.POOLED else None
        choices = replace(choices, average=average, empty=empty)
        argument = "num_classes" if task == "multiclass" else "num_labels"
        classes = parse_integer(name, argument, arguments[argument])
        if classes is not None and classes < FEWEST_CLASSES:
            error = (
                f"ValueError: Expected argument `{argument}` to be an integer larger than 1, but"
                f" got {classes}"
            )
            if task == "multilabel":
                contract = replace(contract, instead=FOR_ONE_LABEL)
    if choices.average is Average.PER_CLASS:
        choices = replace(choices, absent=zero, ignored=Ignored.CLASS_STAYS)
    return wrap_contract(
        replace(contract, choices=choices),
        name=name,
        call=call,
        num_classes=classes,
        ignore=parse_integer(name, "ignore_index", arguments["ignore_index"]),
        ignores=True,
        threshold=threshold,
        error=error,
    )
