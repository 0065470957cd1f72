"""The overlap metrics of fastai.

Source: fastai 2.8.12, `fastai/metrics.py`: `Dice`, `DiceMulti`, `JaccardCoeff`,
`JaccardCoeffMulti` and `foreground_acc`; fastai 1.0.61 for the function `dice`.
They argmax the scores of a batch at `axis` and compare them with class ids. The classes of
version 2 add up the areas of the data set; `dice` of version 1 has a ratio for each image. `Dice`
and `JaccardCoeff` multiply ids, so they are for two classes.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import (
    choose,
    parse_flag,
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
from iou_doctor.metrics.metric import Metric, Signature

_MULTI = Choices(
    floats=Floats.READ,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.NO_OPTION,
    absent=Absent.SKIPPED,
    ratio=Ratio.DICE,
    single_precision=False,
)
_BINARY = replace(_MULTI, average=Average.FOREGROUND)
_FIRST = replace(_BINARY, group=Group.IMAGE, absent=Absent.ONE)
_CHOICES = {
    "Dice": _BINARY,
    "JaccardCoeff": replace(_BINARY, ratio=Ratio.IOU),
    "DiceMulti": _MULTI,
    "JaccardCoeffMulti": replace(_MULTI, ratio=Ratio.IOU),
    "dice": _FIRST,
    "foreground_acc": replace(_MULTI, average=Average.ACCURACY, ignored=Ignored.CLASS_STAYS),
}
_TAKES = InputSpec(
    predictions=PixelContent.SCORES,
    errors={
        Mismatch.PREDICTION_IDS: "AssertionError: Expected input and target to have the same number"
        " of elements: the argmax takes away axis 1",
        Mismatch.AXIS: "AssertionError: Expected input and target to have the same number of"
        " elements: the argmax takes away axis {axis}",
        Mismatch.SHAPES: "AssertionError: Expected input and target to have the same number of"
        " elements",
    },
)
_CLASSES = ("Dice", "JaccardCoeff", "DiceMulti", "JaccardCoeffMulti")
SIGNATURES: tuple[Signature, ...] = (
    *(Signature(f"fastai.metrics.{name}", {"axis": 1}) for name in _CLASSES),
    Signature(
        "fastai.metrics.foreground_acc",
        {"inp": None, "targ": None, "bkg_idx": 0, "axis": 1},
        free=frozenset({"inp", "targ"}),
    ),
    Signature(
        "fastai.metrics.dice",
        {"input": None, "targs": None, "iou": False, "eps": 1e-8},
        free=frozenset({"input", "targs"}),
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    function = name.rpartition(".")[2]
    choices = _CHOICES[function]
    axes = {1: 1, -1: -1, None: 1}
    axis = choose(name, "axis", arguments.get("axis", 1), axes)
    if parse_flag(name, "iou", arguments.get("iou", False)):
        parse_number(name, "eps", arguments["eps"])  # far below the precision of float32
        choices = replace(choices, ratio=Ratio.IOU)
    background = arguments.get("bkg_idx")
    contract = Contract(
        name=f"fastai.{function}",
        library="fastai",
        versions="1.0" if function == "dice" else "2.8",
        call=call,
        choices=choices,
        takes=replace(_TAKES, axis=axis),
        only_binary="it multiplies class ids, so it is for two classes: use DiceMulti"
        if choices.average is Average.FOREGROUND
        else "",
    )
    return wrap_contract(
        contract,
        name=name,
        call=call,
        ignore=parse_integer(name, "bkg_idx", background),
        ignores=True,
    )
