"""The training script in torchvision's `references/segmentation`, as a fraction.

Source: pytorch/vision commit 44c1739, `references/segmentation/utils.py` (`ConfusionMatrix`), which
is not part of the package. It counts the pixels whose truth is a class, in int64 by
`C * truth + prediction`, and divides in float32. A class in neither array makes `mean IoU` NaN.
There is no ignore label: void pixels are left out since 255 is not a class.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import parse_integer, wrap_contract
from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Ignored,
    Stray,
)
from iou_doctor.metrics.input_spec import Flattens, InputSpec, Mismatch
from iou_doctor.metrics.metric import Metric, Signature

_MEAN_IOU = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.WRAPS,
    ignored=Ignored.NO_OPTION,
    absent=Absent.NAN,
    needs_integers=True,
)


def _build_contract(printed: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name=f"torchvision.ConfusionMatrix[{printed}]",
        library="torchvision references",
        versions="",
        call="utils.ConfusionMatrix({num_classes})",
        choices=choices,
        error="RuntimeError: shape '[{width}, {width}]' is invalid for input of size {size}"
        " (the {side} hold {label})",
        error_below="RuntimeError: bincount only supports 1-d non-negative integral inputs."
        " (the {side} hold {label})",
        refusal="NotImplementedError: \"bincount_cpu\" not implemented for '{name}'",
        takes=InputSpec(
            flattens=Flattens.ALWAYS,
            errors={Mismatch.SHAPES: "IndexError: The shape of the mask"},
        ),
        short="torchvision" if printed == "mean IoU" else f"torchvision {printed}",
        common=common,
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("mean IoU", _MEAN_IOU, common=True),
    _build_contract("global correct", replace(_MEAN_IOU, average=Average.ACCURACY)),
)
SIGNATURES: tuple[Signature, ...] = (
    Signature("torchvision.references.segmentation.utils.ConfusionMatrix", {"num_classes": ...}),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call: the mean IoU that it prints."""
    return wrap_contract(
        CONTRACTS[0],
        name=name,
        call=call,
        num_classes=parse_integer(name, "num_classes", arguments["num_classes"]),
        ignores=True,
    )
