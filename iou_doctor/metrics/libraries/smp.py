"""`iou_score` of segmentation_models_pytorch.

Source: segmentation-models-pytorch 0.6.0, `metrics/functional.py` (`get_stats`, `iou_score`). In
multiclass mode it counts label maps in three histograms. In binary mode it compares both scores
and masks with the threshold. A class in neither array counts as 1, except for `micro`. In
multilabel mode, it does the same with each channel.
"""

import re
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
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch
from iou_doctor.metrics.metric import COUNTS, Metric, Signature

LIBRARY = "segmentation_models_pytorch"
_MACRO = Choices(
    floats=Floats.THRESHOLDED,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.OUTSIDE_ONLY,
    absent=Absent.ONE,
    needs_integers=True,
)
_MULTILABEL = r"\bmode\s*=\s*(['\"]multilabel['\"]|[\w.]*\bMULTILABEL_MODE\b)"
"""The argument of `get_stats` that makes it score each channel on its own."""
_TAKES = InputSpec(
    refuses_extra_axes=True,
    checks_dtype_first=True,
    errors={
        Mismatch.SHAPES: "ValueError: Dimensions should match, but ``output`` shape is not equal to"
        " ``target`` shape"
    },
)


def _build_contract(reduction: str, choices: Choices, *, common: bool = False) -> Contract:
    # it raises without weights; people pass the shares of the true pixels
    weights = ", class_weights=shares" if choices.average is Average.WEIGHTED else ""
    return Contract(
        name=f"smp.iou_score[{reduction}]",
        library=LIBRARY,
        versions="0.3-0.6",
        call=f"smp.metrics.iou_score(tp, fp, fn, tn, reduction='{reduction}'{weights})",
        choices=choices,
        of_channels=replace(choices, floats=Floats.ABOVE, needs_integers=False),
        refusal="ValueError: Output should be one of the integer types if ``threshold`` is not"
        " None, got torch.{dtype}.",
        takes=_TAKES,
        short=f"smp {reduction}",
        common=common,
    )


SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "segmentation_models_pytorch.metrics.iou_score",
        {
            **dict.fromkeys(("tp", "fp", "fn", "tn")),
            "reduction": None,
            "class_weights": None,
            "zero_division": 1.0,
        },
        free=frozenset({"tp", "fp", "fn", "tn"}),
    ),
)
_REDUCTIONS = {
    "micro": replace(_MACRO, average=Average.POOLED, absent=Absent.NAN),
    "macro": _MACRO,
    "weighted": replace(_MACRO, average=Average.WEIGHTED),
    "micro-imagewise": replace(_MACRO, average=Average.POOLED, group=Group.IMAGE),
    "macro-imagewise": replace(_MACRO, group=Group.IMAGE),
}
CONTRACTS: tuple[Contract, ...] = tuple(
    _build_contract(reduction, choices, common=reduction.startswith("macro"))
    for reduction, choices in _REDUCTIONS.items()
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    choose(name, "class_weights", arguments["class_weights"], {None: None})
    per_class = replace(_MACRO, group=Group.IMAGE, average=Average.PER_CLASS)
    known: dict[str | None, Choices] = {
        reduction: choices
        for reduction, choices in _REDUCTIONS.items()
        if reduction != "weighted"  # it needs class_weights
    }
    known |= {"none": per_class, None: per_class}
    choices = choose(name, "reduction", arguments["reduction"], known)
    absent = choose(name, "zero_division", arguments["zero_division"], ZERO_DIVISION)
    if choices.absent is Absent.ONE:  # `micro` reports NaN
        choices = replace(choices, absent=absent)
    counts = arguments.get(COUNTS)
    settings = counts if isinstance(counts, dict) else {}
    takes = _TAKES
    of_channels = replace(choices, floats=Floats.ABOVE, needs_integers=False)
    if settings.get("mode") == "binary":
        # `get_stats` takes axis 1 for the channels; pooled counts do not depend on it
        takes = replace(_TAKES, rows_are_channels=choices.average is not Average.POOLED)
        choices = replace(choices, average=Average.FOREGROUND)
    elif settings.get("mode") == "multiclass":  # it takes class ids only
        choices = replace(choices, floats=Floats.REFUSED)
    contract = replace(CONTRACTS[0], choices=choices, of_channels=of_channels, takes=takes)
    threshold = settings.get("threshold")
    metric = wrap_contract(
        contract,
        name=name,
        call=call,
        num_classes=parse_integer(name, "num_classes", settings.get("num_classes")),
        ignore=parse_integer(name, "ignore_index", settings.get("ignore_index")),
        ignores="ignore_index" in settings,
        threshold=None if threshold is None else parse_number(name, "threshold", threshold),
    )
    return _take_channels(metric) if re.search(_MULTILABEL, call) else metric


def _take_channels(metric: Metric) -> Metric:
    """Return the metric that takes each channel for a label, also a single one."""
    labels = metric.of_channels
    contract = labels.contract
    assert contract is not None
    takes = replace(contract.takes, one_channel=True)
    return replace(labels, contract=replace(contract, takes=takes))
