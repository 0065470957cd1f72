"""`IoU`, `JaccardIndex` without `task`, and `Dice`, of old versions of torchmetrics.

Source: torchmetrics 0.9.3, `functional/classification/jaccard.py` (`JaccardIndex`; `IoU` up to 0.8,
which super-gradients derives its classes from), 1.4.0 for `Dice`, and pytorch-lightning 1.0.8 for
`iou`. A class in neither array counts as `absent_score`. `ignore_index` has an effect only if it is
a class: it then leaves the mean, and its true pixels are left out (not by `Dice` and lightning's
`iou`). Scores of a class axis are argmaxed, one channel is compared with the threshold.
super-gradients 3.7.1 argmaxes axis 1 unless `metrics_args_prep_fn` says something else; class ids
are read as if it did.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import (
    ZERO_DIVISION,
    choose,
    parse_integer,
    parse_number,
    refuse_argument,
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
from iou_doctor.metrics.libraries.torchmetrics import FREE
from iou_doctor.metrics.metric import Metric, Signature

_JACCARD = Choices(
    floats=Floats.READ,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.CLASS_LEAVES,
    absent=Absent.ZERO,
)
_LIGHTNING = replace(
    _JACCARD,
    ignored=Ignored.MEAN_ONLY,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
)
_DICE = replace(
    _JACCARD,
    floats=Floats.THRESHOLDED,
    ignored=Ignored.MEAN_ONLY,
    ratio=Ratio.DICE,
    average=Average.POOLED,
)
_TAKES = InputSpec(
    predictions=PixelContent.EITHER,
    refuses_extra_axes=True,
    errors={
        Mismatch.AXIS: "ValueError: The size of C dimension of `preds` should be equal to"
        " `num_classes`",
        Mismatch.SHAPES: "ValueError: The `preds` and `target` should have the same shape,",
    },
)
_ABSENT = {"absent_score": 0.0}
_AVERAGES: dict[str | None, Average] = {
    **dict.fromkeys(("macro", "elementwise_mean"), Average.CLASSES),
    "micro": Average.POOLED,
    "weighted": Average.WEIGHTED,
    **dict.fromkeys(("none", None), Average.PER_CLASS),
}
_ARRAYS = ("preds", "target")
_FREE = frozenset({*FREE, *_ARRAYS, "pred", "metrics_args_prep_fn", "compute_on_step"})


def _build_signature(name: str, **parameters: object) -> Signature:
    return Signature(name, parameters, free=_FREE)


_JACCARD_ARGUMENTS: dict[str, object] = {
    "num_classes": ...,
    "average": "macro",
    "ignore_index": None,
    **_ABSENT,
    "threshold": 0.5,
    "multilabel": False,
    "reduction": "elementwise_mean",
}
_IOU_ARGUMENTS: dict[str, object] = {
    "num_classes": ...,
    "ignore_index": None,
    **_ABSENT,
    "threshold": 0.5,
    "reduction": "elementwise_mean",
}
_DICE_ARGUMENTS: dict[str, object] = {
    "zero_division": 0,
    "num_classes": None,
    "threshold": 0.5,
    "average": "micro",
    "mdmc_average": "global",
    "ignore_index": None,
    "top_k": None,
    "multiclass": None,
}
_GRADIENTS_ARGUMENTS: dict[str, object] = {
    "num_classes": ...,
    "dist_sync_on_step": False,
    "ignore_index": None,
    "reduction": "elementwise_mean",
    "threshold": 0.5,
}
_ARRAY_ARGUMENTS: dict[str, object] = dict.fromkeys(_ARRAYS)
SIGNATURES: tuple[Signature, ...] = (
    _build_signature("torchmetrics.JaccardIndex", **_JACCARD_ARGUMENTS),
    _build_signature("torchmetrics.IoU", **_IOU_ARGUMENTS),
    _build_signature("torchmetrics.Dice", **_DICE_ARGUMENTS),
    _build_signature(
        "torchmetrics.functional.iou",
        **_ARRAY_ARGUMENTS,
        **{
            "ignore_index": None,
            **_ABSENT,
            "threshold": 0.5,
            "num_classes": None,
            "reduction": "elementwise_mean",
        },
    ),
    _build_signature(
        "torchmetrics.functional.jaccard_index",
        **_ARRAY_ARGUMENTS,
        **{key: value for key, value in _JACCARD_ARGUMENTS.items() if key != "multilabel"},
    ),
    _build_signature(
        "torchmetrics.functional.dice",
        **_ARRAY_ARGUMENTS,
        zero_division=0,
        average="micro",
        mdmc_average="global",
        threshold=0.5,
        top_k=None,
        num_classes=None,
        multiclass=None,
        ignore_index=None,
    ),
    _build_signature("pytorch_lightning.metrics.IoU", **_IOU_ARGUMENTS),
    _build_signature(
        "pytorch_lightning.metrics.functional.iou",
        **{
            "pred": None,
            "target": None,
            "ignore_index": None,
            **_ABSENT,
            "num_classes": None,
            "reduction": "elementwise_mean",
        },
    ),
    _build_signature("super_gradients.training.metrics.IoU", **_GRADIENTS_ARGUMENTS),
    _build_signature("super_gradients.training.metrics.Dice", **_GRADIENTS_ARGUMENTS),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    if name in {"torchmetrics.Dice", "torchmetrics.functional.dice"}:
        choices = _choose_dice(name, arguments)
    else:
        choices = _choose_jaccard(name, arguments)
    classes = parse_integer(name, "num_classes", arguments["num_classes"])
    ignore = parse_integer(name, "ignore_index", arguments["ignore_index"])
    inside = ignore is not None and (classes is None or 0 <= ignore < classes)
    library, _, rest = name.partition(".")
    contract = Contract(
        name=f"{library}.{rest.rpartition('.')[2]}",
        library="torchmetrics" if library == "torchmetrics" else library.replace("_", "-"),
        versions="0.9" if choices.ratio is Ratio.IOU else "1.4",
        call=call,
        choices=choices,
        error="ValueError: The highest label in `{preds}` should be smaller than `num_classes`."
        " (the {side} hold {label}, not in 0..{last})",
        error_below="ValueError: The `{preds}` has to be a non-negative tensor."
        " (the {side} hold {label})",
        takes=_TAKES,
    )
    threshold = arguments.get("threshold", 0.5)
    return wrap_contract(
        contract,
        name=name,
        call=call,
        num_classes=classes,
        ignore=ignore if inside else None,
        ignores=True,
        threshold=None if threshold == 0.5 else parse_number(name, "threshold", threshold),
    )


def _choose_jaccard(name: str, arguments: Mapping[str, object]) -> Choices:
    """Return what `IoU` and `JaccardIndex` decide."""
    choose(name, "multilabel", arguments.get("multilabel", False), {False: None})
    averages = (
        choose(name, key, arguments[key], _AVERAGES)
        for key in ("average", "reduction")
        if key in arguments
    )
    average = next((one for one in averages if one is not Average.CLASSES), Average.CLASSES)
    choices = replace(
        _LIGHTNING if name.startswith("pytorch_lightning.") else _JACCARD,
        average=average,
        absent=choose(name, "absent_score", arguments.get("absent_score", 0), ZERO_DIVISION),
        ratio=Ratio.DICE if name.endswith(".Dice") else Ratio.IOU,
    )
    if average is Average.POOLED:  # predictions of the ignored class stay in the union
        return replace(choices, ignored=Ignored.CLASS_STAYS, absent=Absent.NAN)
    return choices


def _choose_dice(name: str, arguments: Mapping[str, object]) -> Choices:
    """Return what `Dice` decides: labels are made one-hot, `micro` pools all classes."""
    choose(name, "top_k", arguments["top_k"], {None: None, 1: None})
    if arguments["multiclass"] is not None:
        raise refuse_argument(name, "multiclass", "name plain.dice[foreground] for class 1 alone")
    averages = {"micro": Average.POOLED, "macro": Average.CLASSES}
    groups = {"global": Group.DATA_SET, None: Group.DATA_SET, "samplewise": Group.IMAGE}
    average = choose(name, "average", arguments["average"], averages)
    group = choose(name, "mdmc_average", arguments["mdmc_average"], groups)
    absent = choose(name, "zero_division", arguments["zero_division"], ZERO_DIVISION)
    if average is Average.CLASSES and group is Group.DATA_SET:
        absent = Absent.SKIPPED
    choices = replace(_DICE, average=average, group=group, absent=absent)
    if arguments["num_classes"] is None and arguments["ignore_index"] is None:
        return replace(choices, stray_truth=Stray.OWN_CLASS, stray_prediction=Stray.OWN_CLASS)
    return choices
