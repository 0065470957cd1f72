"""`MeanIoU` and `DiceMetric` of MONAI.

Source: MONAI 1.6.1, `monai/metrics/{meaniou,meandice,utils}.py`. There is a ratio for each image
and channel. Channels are averaged first, then images. NaN is left out of both means. `MeanIoU`
sums scores unchanged; `DiceMetric` counts every score except 0 as foreground.
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
from iou_doctor.metrics.input_spec import InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.metric import Metric, Signature

LIBRARY = "MONAI"
_MEAN_IOU = Choices(
    floats=Floats.SOFT,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.CLASS_CLEARED,
    absent=Absent.SKIPPED_UNLABELLED,
    group=Group.IMAGE,
    empty=0.0,
)
_TAKES = InputSpec(
    masks=PixelContent.ONE_HOT,
    predictions=PixelContent.ONE_HOT,
    one_channel=True,
    refuses_extra_axes=True,
    errors={Mismatch.SHAPES: "ValueError: y_pred and y should have same shapes"},
)


def _build_contract(
    name: str, arguments: str, choices: Choices, *, common: bool = False
) -> Contract:
    return Contract(
        name=f"monai.{name}{f'[{arguments}]' if arguments else ''}",
        library=LIBRARY,
        versions="1.6",
        call=f"monai.metrics.{name}({arguments})",
        choices=choices,
        error="RuntimeError: index {label} is out of bounds for dimension 1 with size {classes}"
        " (the {side} hold it)",
        takes=_TAKES,
        common=common,
    )


_PARAMETERS = {
    "include_background": True,
    "reduction": "mean",
    "get_not_nans": None,
    "ignore_empty": True,
}
_FREE = frozenset({"get_not_nans", "num_classes", "return_with_label"})
SIGNATURES: tuple[Signature, ...] = (
    Signature("monai.metrics.MeanIoU", {**_PARAMETERS, "ignore_index": None}, free=_FREE),
    Signature(
        "monai.metrics.DiceMetric",
        {
            **_PARAMETERS,
            "num_classes": None,
            "return_with_label": None,
            "per_component": False,
            "ignore_index": None,
        },
        free=_FREE,
    ),
)
CONTRACTS: tuple[Contract, ...] = (
    _build_contract("MeanIoU", "", _MEAN_IOU, common=True),
    _build_contract("MeanIoU", "ignore_empty=False", replace(_MEAN_IOU, absent=Absent.ONE)),
    _build_contract(
        "DiceMetric",
        "",
        replace(_MEAN_IOU, floats=Floats.NON_ZERO, ratio=Ratio.DICE, ignored=Ignored.INSIDE_ONLY),
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    contract = CONTRACTS[-1] if name.endswith("DiceMetric") else CONTRACTS[0]
    choose(name, "per_component", arguments.get("per_component", False), {False: None})
    averages: dict[str, Average] = {"mean": Average.CLASSES, "mean_batch": Average.PER_CLASS}
    absent = {True: Absent.SKIPPED_UNLABELLED, False: Absent.ONE}
    choices = replace(
        contract.choices,
        background=parse_flag(name, "include_background", arguments["include_background"]),
        average=choose(name, "reduction", arguments["reduction"], averages),
        absent=absent[parse_flag(name, "ignore_empty", arguments["ignore_empty"])],
    )
    return wrap_contract(
        replace(contract, choices=choices),
        name=name,
        call=call,
        ignore=parse_integer(name, "ignore_index", arguments["ignore_index"]),
        ignores=True,
    )
