"""Classes and functions that people copy from one training script to another.

Source: the idioms, each written down from its public code (read and not run):

- `runningScore(n)` (pytorch-semseg), `StreamSegMetrics(n)` (DeepLabV3Plus-Pytorch), `Evaluator(n)`
  (pytorch-deeplab-xception), `IOUMetric(n)` and `label_accuracy_score(…)` (pytorch-fcn) fill the
  matrix of `fast_hist` and take `nanmean`.
- `SegmentationMetric(n)` has two forms. With `.get()` (awesome-semantic-segmentation) a class in
  neither map counts as 0. With `.meanIntersectionOverUnion()` it is `fast_hist`.
- `intersectionAndUnionGPU(output, target, K, ignore_index)` (semseg): a class in neither map counts
  as 0.
- `dice_coef` with `smooth` flattens both arrays in most copies, and Keras averages the batches.
  `dice_coeff(…, reduce_batch_first)` (Pytorch-UNet) has a ratio for each image.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.errors import UsageError
from iou_doctor.metrics.call_arguments import (
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
    Group,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.libraries import ade20k, fast_hist, keras_backend
from iou_doctor.metrics.metric import RESULT, Metric, Signature

_HIST = fast_hist.CONTRACTS[0]
_ADE20K = ade20k.CONTRACTS[0]
_MEAN_IOU = _HIST.choices
_RECALL = replace(_MEAN_IOU, ratio=Ratio.RECALL)
_WEIGHTED = replace(_MEAN_IOU, average=Average.WEIGHTED)
_ACCURACY = replace(_MEAN_IOU, average=Average.ACCURACY)
_KEYS = {
    "": _MEAN_IOU,
    "Mean IoU": _MEAN_IOU,
    "Mean Acc": _RECALL,
    "FreqW Acc": _WEIGHTED,
    "Overall Acc": _ACCURACY,
}
_EVALUATOR = {
    "Mean_Intersection_over_Union": _MEAN_IOU,
    "Frequency_Weighted_Intersection_over_Union": _WEIGHTED,
    "Pixel_Accuracy": _ACCURACY,
    "Pixel_Accuracy_Class": _RECALL,
}
_METHODS = {
    "get": _ADE20K.choices,
    "meanIntersectionOverUnion": _MEAN_IOU,
    "Frequency_Weighted_Intersection_over_Union": _WEIGHTED,
    "pixelAccuracy": _ACCURACY,
    "meanPixelAccuracy": _RECALL,
}
_CLASSES: dict[str, tuple[str, Mapping[str, Choices]]] = {
    "runningScore": ("n_classes", _KEYS),
    "StreamSegMetrics": ("n_classes", _KEYS),
    "IOUMetric": ("num_classes", {"": _MEAN_IOU}),
    "Evaluator": ("num_class", _EVALUATOR),
    "SegmentationMetric": ("numClass", _METHODS),
}
_ALONE = {**_EVALUATOR, **{key: value for key, value in _METHODS.items() if key != "get"}}
_COEFFICIENTS = {
    "dice_coef": Ratio.DICE,
    "dice_coefficient": Ratio.DICE,
}
_UNET = {"dice_coeff": Group.IMAGE, "multiclass_dice_coeff": Group.IMAGE}
_HISTOGRAM: dict[str, object] = {
    "label_trues": None, "label_preds": None, "n_class": ...,
}  # fmt: skip
SIGNATURES: tuple[Signature, ...] = (
    *(
        Signature(f"scripts.{name}", {parameter: ...}, results=frozenset(results))
        for name, (parameter, results) in _CLASSES.items()
    ),
    *(Signature(f"scripts.methods.{name}", {}) for name in _ALONE),
    Signature(
        "scripts.label_accuracy_score",
        _HISTOGRAM,
        free=frozenset({"label_trues", "label_preds"}),
    ),
    Signature(
        "scripts.intersectionAndUnionGPU",
        {"output": None, "target": None, "K": ..., "ignore_index": 255},
        free=frozenset({"output", "target"}),
    ),
    *(
        Signature(
            f"scripts.{name}",
            {"y_true": None, "y_pred": None, "smooth": ...},
            free=frozenset({"y_true", "y_pred"}),
            guess="it is taken for the formula over all pixels of a batch at once; for one over"
            " each image, name keras_backend.dice[images,smooth=1]",
        )
        for name in _COEFFICIENTS
    ),
    *(
        Signature(
            f"scripts.{name}",
            {"input": None, "target": None, "reduce_batch_first": ..., "epsilon": 1e-6},
            free=frozenset({"input", "target"}),
        )
        for name in _UNET
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    last = name.rpartition(".")[2]
    if last in _COEFFICIENTS:
        return _build_coefficient(name, _COEFFICIENTS[last], arguments, call)
    if last in _UNET:
        return _build_unet(name, arguments, call)
    if last == "intersectionAndUnionGPU":
        return _build_semseg(name, arguments, call)
    parameter, results = _CLASSES.get(last, ("n_class", {"": _MEAN_IOU}))
    result = arguments.get(RESULT, "")
    if last not in _ALONE and result not in results:
        methods = ", ".join(f".{method}()" for method in results)
        raise UsageError(f"--metric {name}: name the method whose number you read: {methods}")
    choices = _ALONE.get(last) or choose(name, "result", result, results)
    contract = _HIST if choices in (_MEAN_IOU, _RECALL, _WEIGHTED, _ACCURACY) else _ADE20K
    classes = parse_integer(name, parameter, arguments.get(parameter))
    return wrap_contract(
        replace(contract, name=name.replace(".methods", ""), choices=choices),
        name=name,
        call=call,
        num_classes=classes,
    )


def _build_semseg(name: str, arguments: Mapping[str, object], call: str) -> Metric:
    choices = replace(_ADE20K.choices, ignored=Ignored.CLASS_STAYS, single_precision=True)
    return wrap_contract(
        replace(_ADE20K, name=name, choices=choices),
        name=name,
        call=call,
        num_classes=parse_integer(name, "K", arguments["K"]),
        ignore=parse_integer(name, "ignore_index", arguments["ignore_index"]),
        ignores=True,
    )


def _build_coefficient(
    name: str, ratio: Ratio, arguments: Mapping[str, object], call: str
) -> Metric:
    smooth = parse_number(name, "smooth", arguments["smooth"])
    flat = keras_backend.CONTRACTS[0]
    absent = Absent.ONE if smooth else Absent.NAN
    choices = replace(flat.choices, ratio=ratio, smooth=smooth, absent=absent)
    takes = replace(flat.takes, channel_optional=True)
    contract = replace(flat, name=name, choices=choices, takes=takes)
    return wrap_contract(contract, name=name, call=call)


def _build_unet(name: str, arguments: Mapping[str, object], call: str) -> Metric:
    pooled = choose(
        name, "reduce_batch_first", arguments["reduce_batch_first"], {True: True, False: False}
    )
    epsilon = parse_number(name, "epsilon", arguments["epsilon"])
    flat = keras_backend.CONTRACTS[0]
    choices = replace(
        flat.choices,
        ratio=Ratio.DICE,
        smooth=epsilon,
        stray_truth=Stray.RAISES,
        group=Group.BATCH if pooled else Group.IMAGE,
        average=Average.PAIRS,
    )
    contract: Contract = replace(
        flat,
        name=name,
        choices=choices,
        takes=replace(flat.takes, axis=1, channel_optional=True),
    )
    return wrap_contract(contract, name=name, call=call)
