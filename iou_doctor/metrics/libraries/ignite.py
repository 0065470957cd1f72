"""The metrics over a `ConfusionMatrix` of pytorch-ignite.

Source: pytorch-ignite 0.5.5, `ignite/metrics/confusion_matrix.py` (`ConfusionMatrix`, `IoU`,
`mIoU`, `DiceCoefficient`, `cmAccuracy`). It argmaxes scores at axis 1 and counts the pixels whose
truth is a class, in int64. Ratios are float64. `ignore_index` must be a class and only leaves the
mean: its pixels still count as false positives of the other classes. Masks of uint8 are multiplied
by `num_classes` as they are, so that cells of 17 classes and more wrap; most loaders give int64.
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
    Ratio,
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.metric import Metric, Signature

_MEAN = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.MEAN_ONLY,
    absent=Absent.ZERO,
    single_precision=False,
)
_ACCURACY = replace(_MEAN, ratio=Ratio.RECALL, average=Average.POOLED, ignored=Ignored.NO_OPTION)
_CLASSES = "ValueError: y_pred does not have correct number of classes"
_SHAPE = "ValueError: y_pred must have shape"
_TAKES = InputSpec(
    predictions=PixelContent.SCORES,
    refuses_extra_axes=True,
    errors={
        Mismatch.MASK_CHANNELS: _SHAPE,
        Mismatch.PREDICTION_IDS: _CLASSES,
        Mismatch.AXIS: _CLASSES,
        Mismatch.SHAPES: "ValueError: y and y_pred must have compatible shapes.",
    },
)
_MATRIX = "ConfusionMatrix(num_classes={num_classes})"


def _build_contract(name: str, call: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name=f"ignite.{name}",
        library="ignite",
        versions="0.5",
        call=f"ignite.metrics.{call}",
        choices=choices,
        # raised where the labels are made one-hot, which comes first
        error="RuntimeError: Class values must be smaller than num_classes."
        " (the {side} hold {label}, not in 0..{last})",
        error_below="RuntimeError: Class values must be non-negative."
        " (the {side} hold {label}, not in 0..{last})",
        refusal=f"{_CLASSES}: 1 vs 2",
        takes=_TAKES,
        short="ignite" if name == "mIoU" else f"ignite {name}",
        common=common,
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("mIoU", f"mIoU({_MATRIX}, ignore_index={{ignore_index}})", _MEAN, common=True),
    _build_contract(
        "DiceCoefficient",
        f"DiceCoefficient({_MATRIX}, ignore_index={{ignore_index}}).mean()",
        replace(_MEAN, ratio=Ratio.DICE),
    ),
    _build_contract("cmAccuracy", f"confusion_matrix.cmAccuracy({_MATRIX})", _ACCURACY),
)
UINT8 = replace(CONTRACTS[0], choices=replace(_MEAN, byte_rows=True), common=False)
"""What it reports for masks of uint8 that are not cast."""
_CALLS = {
    "mIoU": _MEAN,
    "IoU": replace(_MEAN, average=Average.PER_CLASS),
    "JaccardIndex": replace(_MEAN, average=Average.PER_CLASS),
    "DiceCoefficient": replace(_MEAN, ratio=Ratio.DICE),
    "cmAccuracy": _ACCURACY,
}
SIGNATURES: tuple[Signature, ...] = tuple(
    Signature(
        f"ignite.metrics.{'confusion_matrix.' if name == 'cmAccuracy' else ''}{name}",
        {"cm": None} | ({} if name == "cmAccuracy" else {"ignore_index": None}),
        free=frozenset({"cm"}),
    )
    for name in _CALLS
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call; for `DiceCoefficient` the mean, which people log.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    function = name.rpartition(".")[2]
    choices = _CALLS[function]
    ignore = parse_integer(name, "ignore_index", arguments.get("ignore_index"))
    if ignore is not None:
        choices = replace(choices, ignored=Ignored.MEAN_ONLY_INSIDE)
    contract = replace(CONTRACTS[0], name=f"ignite.{function}", choices=choices)
    return wrap_contract(contract, name=name, call=call, ignore=ignore, ignores=True)
