"""`F1Score` of torchmetrics, and its metrics in `functional`.

Source: torchmetrics 1.9.0, `functional/classification/f_beta.py`, `jaccard.py` and
`functional/segmentation/mean_iou.py`. F1 is the Dice score of the pooled counts. `macro` leaves out
a class in neither array. Pixels whose truth is `ignore_index` are left out, and its class stays.
The functions of `functional.segmentation` return a number for each image, which people average.
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
    Group,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.libraries import torchmetrics, torchmetrics_segmentation
from iou_doctor.metrics.libraries.torchmetrics import AVERAGES, FREE
from iou_doctor.metrics.metric import Metric, Signature

_MULTICLASS = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.WRAPS,
    stray_prediction=Stray.WRAPS,
    counts_distinct_labels=True,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.SKIPPED,
    ratio=Ratio.DICE,
)
_CONTRACTS = {contract.name: contract for contract in torchmetrics.CONTRACTS}
_ONE_MORE = "ValueError: If `preds` have one dimension more than `target`,"
_TAKES_MULTICLASS = InputSpec(
    predictions=PixelContent.EITHER,
    needs_floats=True,
    refuses_extra_axes=True,
    errors={
        Mismatch.AXIS: f"{_ONE_MORE} `preds.shape[1]` should be equal to number of classes.",
        Mismatch.INTEGERS: f"{_ONE_MORE} `preds` should be a float tensor.",
        Mismatch.SHAPES: "ValueError: Either `preds` and `target` both should have the (same) shape"
        " (N, ...), or `target` should be (N, ...) and `preds` should be (N, C, ...).",
    },
)
_ARRAYS: dict[str, object] = {"preds": None, "target": None}
_OPTIONS: dict[str, object] = {
    "multidim_average": "global",
    "top_k": 1,
    "ignore_index": None,
    "validate_args": True,
    "zero_division": 0,
}
_FREE = frozenset({*FREE, *_ARRAYS})
_BY_TASK: dict[str, object] = {
    "task": ...,
    "threshold": 0.5,
    "num_classes": None,
    "num_labels": None,
    "average": "micro",
    **_OPTIONS,
}
_BINARY_OPTIONS = {key: value for key, value in _OPTIONS.items() if key != "top_k"}
_OF_CLASSES: dict[str, object] = {"num_classes": None, "average": "macro", **_OPTIONS}
_F1 = {
    "classification.F1Score": _BY_TASK,
    "classification.BinaryF1Score": {"threshold": 0.5, **_BINARY_OPTIONS},
    "classification.MulticlassF1Score": {
        "num_classes": None, "top_k": 1, "average": "macro", **_OPTIONS,
    },
    "functional.classification.f1_score": {**_ARRAYS, **_BY_TASK},
    "functional.classification.binary_f1_score": {
        **_ARRAYS, "threshold": 0.5, **_BINARY_OPTIONS,
    },
    "functional.classification.multiclass_f1_score": {**_ARRAYS, **_OF_CLASSES},
}  # fmt: skip
_JACCARD = {
    "jaccard_index": "JaccardIndex",
    "binary_jaccard_index": "BinaryJaccardIndex",
    "multiclass_jaccard_index": "MulticlassJaccardIndex",
    "multilabel_jaccard_index": "MultilabelJaccardIndex",
}
_SEGMENTATION = {
    "mean_iou": "MeanIoU",
    "dice_score": "DiceScore",
    "generalized_dice_score": "GeneralizedDiceScore",
}


def _take_parameters(library_signatures: tuple[Signature, ...], metric: str) -> dict[str, object]:
    found = next(one for one in library_signatures if one.last == metric)
    return {**_ARRAYS, **found.parameters}


def _build_signature(name: str, parameters: dict[str, object]) -> Signature:
    return Signature(f"torchmetrics.{name}", parameters, free=_FREE)


SIGNATURES: tuple[Signature, ...] = (
    *(_build_signature(name, parameters) for name, parameters in _F1.items()),
    *(
        _build_signature(
            f"functional.classification.{name}",
            _take_parameters(torchmetrics.SIGNATURES, metric),
        )
        for name, metric in _JACCARD.items()
    ),
    *(
        _build_signature(
            f"functional.segmentation.{name}",
            _take_parameters(torchmetrics_segmentation.SIGNATURES, metric),
        )
        for name, metric in _SEGMENTATION.items()
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    function = name.rpartition(".")[2]
    if function in _JACCARD:
        full = f"torchmetrics.classification.{_JACCARD[function]}"
        return torchmetrics.build_metric(full, arguments, call=call)
    if function in _SEGMENTATION:
        full = f"torchmetrics.segmentation.{_SEGMENTATION[function]}"
        metric = torchmetrics_segmentation.build_metric(full, arguments, call=call)
        return _average_images(metric) if function == "mean_iou" else metric
    return _build_f1(name, arguments, call)


def _average_images(metric: Metric) -> Metric:
    """Return the metric that averages the classes of each image, then the images."""
    contract = metric.contract
    assert contract is not None
    average = contract.choices.average
    choices = replace(
        contract.choices, average=Average.CLASSES if average is Average.PAIRS else average
    )
    return replace(metric, contract=replace(contract, choices=choices))


def _build_f1(name: str, arguments: Mapping[str, object], call: str) -> Metric:
    last = name.rpartition(".")[2].lower().replace("_", "")
    tasks = {task: task for task in ("binary", "multiclass")}
    task = choose(name, "task", last.partition("f1score")[0] or arguments["task"], tasks)
    choose(name, "top_k", arguments.get("top_k", 1), {1: None, None: None})
    zero = choose(name, "zero_division", arguments["zero_division"], ZERO_DIVISION)
    groups = {"global": Group.DATA_SET, "samplewise": Group.IMAGE}
    group = choose(name, "multidim_average", arguments["multidim_average"], groups)
    binary = task == "binary"
    contract = _build_binary(zero) if binary else _build_multiclass(name, arguments, zero)
    contract = replace(contract, call=call, choices=replace(contract.choices, group=group))
    classes = None if binary else parse_integer(name, "num_classes", arguments["num_classes"])
    return wrap_contract(
        contract,
        name=name,
        call=call,
        num_classes=classes,
        ignore=parse_integer(name, "ignore_index", arguments["ignore_index"]),
        ignores=True,
        threshold=parse_number(name, "threshold", arguments["threshold"]) if binary else None,
    )


def _build_binary(zero: Absent) -> Contract:
    jaccard = _CONTRACTS["torchmetrics.JaccardIndex[binary]"]
    choices = replace(jaccard.choices, ratio=Ratio.DICE, absent=zero)
    return replace(jaccard, name="torchmetrics.F1Score[binary]", choices=choices)


def _build_multiclass(name: str, arguments: Mapping[str, object], zero: Absent) -> Contract:
    average = choose(name, "average", arguments["average"], AVERAGES)
    per_class = average in {Average.PER_CLASS, Average.POOLED}
    absent = zero if per_class else Absent.SKIPPED
    empty = 0.0 if average in {Average.CLASSES, Average.WEIGHTED} else None
    choices = replace(_MULTICLASS, average=average, absent=absent, empty=empty)
    if average is Average.POOLED:  # it compares predictions with masks and builds no matrix
        choices = replace(choices, stray_truth=Stray.OWN_CLASS, stray_prediction=Stray.OWN_CLASS)
    return replace(
        _CONTRACTS["torchmetrics.JaccardIndex[macro]"],
        name=f"torchmetrics.F1Score[{arguments['average']}]",
        choices=choices,
        refusal="ValueError: If `preds` and `target` have the same shape, `preds` should be an int"
        " tensor.",
        takes=_TAKES_MULTICLASS,
    )
