"""The mean of what `mean_iou` of kornia returns.

Source: kornia 0.9.0, `kornia/metrics/{mean_iou,confusion_matrix}.py`. It returns a float32 ratio
for each image and class, with 1e-6 added to numerator and denominator, so that a class in neither
array counts as 1. People log the mean of these ratios. It refuses scores and labels outside the
classes, and has no ignore label.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import parse_integer, parse_number, wrap_contract
from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch
from iou_doctor.metrics.metric import Metric, Signature

_CHOICES = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.NO_OPTION,
    absent=Absent.ONE,
    group=Group.IMAGE,
    average=Average.PAIRS,
    smooth=1e-6,
    needs_integers=True,
)
_FEW = "ValueError: The number of classes must be an integer of at least two"
CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="kornia.mean_iou",
        library="kornia",
        versions="0.9",
        call="kornia.metrics.mean_iou(pred, target, {num_classes}).mean()",
        choices=_CHOICES,
        error="BaseError: Input {name} must contain values in [0, {classes})."
        " Got values in [{low}, {high}]",
        refusal="BaseError: Input pred must have an integer dtype. Got torch.{dtype}",
        takes=InputSpec(
            refuses_extra_axes=True,
            checks_dtype_first=True,
            errors={
                Mismatch.SHAPES: "ValueError: Inputs pred and target must have the same shape."
            },
        ),
        short="kornia",
        common=True,
    ),
)
SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "kornia.metrics.mean_iou",
        {"pred": None, "target": None, "num_classes": None, "eps": 1e-6},
        free=frozenset({"pred", "target"}),
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    eps = parse_number(name, "eps", arguments["eps"])
    classes = parse_integer(name, "num_classes", arguments["num_classes"])
    absent = Absent.ONE if eps else Absent.NAN
    return wrap_contract(
        replace(CONTRACTS[0], choices=replace(_CHOICES, smooth=eps, absent=absent)),
        name=name,
        call=call,
        num_classes=classes,
        ignores=True,
        error=f"{_FEW}. Got: {classes}" if classes == 1 else "",
    )
