"""The metrics in `segmentation` of torchmetrics.

Source: torchmetrics 1.9.0, `functional/segmentation/{mean_iou,dice,generalized_dice,utils}.py`;
older behaviour from 1.7.0 and 1.8.0. None of them has an ignore label.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import choose, parse_flag, parse_integer, wrap_contract
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
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.metrics.libraries.torchmetrics import (
    AVERAGES,
    LIBRARY,
    TAKES_MAPS,
    TAKES_ONE_HOT,
    build_signature,
)
from iou_doctor.metrics.metric import Metric, Signature

_MEAN_IOU = Choices(
    floats=Floats.ALL_FOREGROUND,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.NO_OPTION,
    absent=Absent.SKIPPED,
    group=Group.IMAGE,
    average=Average.PAIRS,
)
_DICE = replace(_MEAN_IOU, ratio=Ratio.DICE, average=Average.CLASSES)
_GENERALISED = replace(_MEAN_IOU, ratio=Ratio.GENERALISED_DICE)
_TAKES_EITHER = replace(TAKES_MAPS, masks=PixelContent.EITHER, predictions=PixelContent.EITHER)
_TAKES = {"one-hot": TAKES_ONE_HOT, "index": TAKES_MAPS, "mixed": _TAKES_EITHER}


def _build_contract(
    name: str, choices: Choices, *, versions: str, arguments: str = "", common: bool = False
) -> Contract:
    metric = name.partition("[")[0].partition("@")[0]
    return Contract(
        name=f"torchmetrics.segmentation.{name}",
        library=LIBRARY,
        versions=versions,
        call=f"torchmetrics.segmentation.{metric}(num_classes={{num_classes}},"
        f" input_format='index'{arguments})",
        one_channel_call=f"torchmetrics.segmentation.{metric}(num_classes=1{arguments})",
        choices=choices,
        error="RuntimeError: Class values must be smaller than num_classes."
        " (the {side} hold {label}, not in 0..{last})",
        error_below="RuntimeError: Class values must be non-negative."
        " (the {side} hold {label}, not in 0..{last})",
        refusal="NotImplementedError: \"bitwise_and_cpu\" not implemented for '{name}'",
        takes=_TAKES_EITHER,
        common=common,
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("MeanIoU", _MEAN_IOU, versions="1.7.1-1.9", common=True),
    _build_contract(
        "MeanIoU[include_background=False]",
        replace(_MEAN_IOU, background=False),
        versions="1.7.1-1.9",
        arguments=", include_background=False",
    ),
    _build_contract(
        "MeanIoU@1.7.0",
        replace(_MEAN_IOU, floats=Floats.SCORES_REFUSED, absent=Absent.ZERO, averages_batches=True),
        versions="1.4.2-1.7.0",
    ),
    _build_contract("DiceScore", _DICE, versions="1.9"),
    _build_contract(
        "DiceScore[micro]",
        replace(_DICE, average=Average.POOLED),
        versions="1.9",
        arguments=", average='micro'",
    ),
    _build_contract(
        "DiceScore[weighted]",
        replace(_DICE, average=Average.WEIGHTED),
        versions="1.9",
        arguments=", average='weighted'",
    ),
    _build_contract(
        "DiceScore@1.8.0",
        replace(_DICE, floats=Floats.SOFT, average=Average.POOLED),
        versions="1.8.0",
    ),
    _build_contract("GeneralizedDiceScore", _GENERALISED, versions="1.9"),
)
_NAMED = {contract.name: contract for contract in CONTRACTS}

_MAPS = {"num_classes": None, "include_background": True}
_FORMAT = {"input_format": "one-hot"}
SIGNATURES: tuple[Signature, ...] = (
    build_signature("segmentation.MeanIoU", **_MAPS, per_class=False, **_FORMAT),
    build_signature(
        "segmentation.DiceScore",
        **_MAPS,
        average="macro",
        aggregation_level="samplewise",
        **_FORMAT,
    ),
    build_signature(
        "segmentation.GeneralizedDiceScore",
        **_MAPS,
        per_class=False,
        weight_type="square",
        **_FORMAT,
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    contract = _NAMED[name]
    classes = parse_integer(name, "num_classes", arguments["num_classes"])
    choose(name, "weight_type", arguments.get("weight_type", "square"), {"square": None})
    levels = {"samplewise": Group.IMAGE, "global": Group.DATA_SET}
    group = choose(
        name, "aggregation_level", arguments.get("aggregation_level", "samplewise"), levels
    )
    average = contract.choices.average
    if "average" in arguments:
        average = choose(name, "average", arguments["average"], AVERAGES)
    if parse_flag(name, "per_class", arguments.get("per_class", False)):
        average = Average.PER_CLASS
    elif classes == 1:
        average = Average.FOREGROUND
    takes = choose(name, "input_format", arguments["input_format"], _TAKES)
    refusal = contract.refusal
    choices = replace(
        contract.choices,
        background=parse_flag(name, "include_background", arguments["include_background"]),
        average=average,
        group=group,
    )
    # it argmaxes scores, but takes channels of 0 and 1 as they are
    of_channels = replace(choices, floats=Floats.NON_ZERO) if takes is TAKES_ONE_HOT else None
    if takes is TAKES_MAPS:  # it makes integers one-hot, and takes nothing else
        choices = replace(choices, floats=Floats.SCORES_REFUSED, needs_integers=True)
        refusal = "RuntimeError: one_hot is only applicable to index tensor of type LongTensor."
    return wrap_contract(
        replace(contract, choices=choices, of_channels=of_channels, takes=takes, refusal=refusal),
        name=name,
        call=call,
        num_classes=2 if classes == 1 else classes,  # one channel, for background and foreground
    )
