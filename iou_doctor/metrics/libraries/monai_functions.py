"""The functions behind the metrics of MONAI, and `DiceHelper`.

Source: MONAI 1.6.1, `monai/metrics/{meandice,meaniou}.py`, and 0.8.1 for `compute_meandice`, which
sums scores unchanged and leaves out channels without truth. They return a ratio for each image and
channel, which people average: NaN is left out, as `nanmean` does.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import parse_flag, refuse_argument
from iou_doctor.metrics.definition import Average, Floats
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.metrics.libraries import monai
from iou_doctor.metrics.metric import Metric, Signature

_ARRAYS: dict[str, object] = {"y_pred": None, "y": None}
_EMPTY: dict[str, object] = {"include_background": True, "ignore_empty": True}
_NEW: dict[str, object] = {"num_classes": None, "per_component": False, "ignore_index": None}
_FREE = frozenset({*_ARRAYS, "num_classes", "get_not_nans"})
_FUNCTIONS = {
    "compute_dice": {**_ARRAYS, **_EMPTY, **_NEW},
    "compute_meandice": {**_ARRAYS, **_EMPTY, "ignore_index": None},
    "compute_iou": {**_ARRAYS, **_EMPTY, "ignore_index": None},
    "compute_meaniou": {**_ARRAYS, **_EMPTY, "ignore_index": None},
}
_HELPER: dict[str, object] = {
    "include_background": None,
    "threshold": False,
    "apply_argmax": None,
    "activate": False,
    "get_not_nans": True,
    "reduction": "mean_batch",
    "ignore_empty": True,
    "num_classes": None,
    "sigmoid": None,
    "softmax": None,
    "per_component": False,
    "ignore_index": None,
}
SIGNATURES: tuple[Signature, ...] = (
    *(
        Signature(f"monai.metrics.{name}", parameters, free=_FREE)
        for name, parameters in _FUNCTIONS.items()
    ),
    Signature("monai.metrics.DiceHelper", _HELPER, free=_FREE),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    if name.endswith(".DiceHelper"):
        return _build_helper(name, arguments, call)
    full = "monai.metrics.MeanIoU" if name.endswith("iou") else "monai.metrics.DiceMetric"
    metric = monai.build_metric(full, {"reduction": "mean", **arguments}, call=call)
    contract = metric.contract
    assert contract is not None
    floats = Floats.SOFT if name.endswith("compute_meandice") else contract.choices.floats
    choices = replace(contract.choices, average=Average.PAIRS, floats=floats)
    return replace(
        metric,
        name=name,
        contract=replace(contract, name=name.replace(".metrics", ""), choices=choices),
    )


def _build_helper(name: str, arguments: Mapping[str, object], call: str) -> Metric:
    """Return the metric of `DiceHelper`, which argmaxes or thresholds the scores of a model."""
    if arguments["activate"]:
        raise refuse_argument(name, "activate", "give the scores after the sigmoid")
    threshold = parse_flag(name, "threshold", _take_newer(arguments, "threshold", "sigmoid"))
    argmax = _take_newer(arguments, "apply_argmax", "softmax")
    argmax = not threshold if argmax is None else argmax
    background = arguments["include_background"]
    helper = {**arguments, "include_background": threshold if background is None else background}
    metric = monai.build_metric("monai.metrics.DiceMetric", helper, call=call)
    contract = metric.contract
    assert contract is not None
    takes = replace(
        contract.takes,
        masks=PixelContent.EITHER,
        predictions=PixelContent.SCORES,
        refuses_extra_axes=False,  # one channel of class ids is compared with each class
    )
    floats = Floats.READ if argmax else Floats.ABOVE if threshold else Floats.NON_ZERO
    choices = replace(contract.choices, floats=floats)
    named = replace(contract, name="monai.DiceHelper", choices=choices, takes=takes)
    return replace(metric, name=name, contract=named)


def _take_newer(arguments: Mapping[str, object], name: str, old: str) -> object:
    """Return the value of an argument that had another name before MONAI 1.5."""
    return arguments[name] if arguments[old] is None else arguments[old]
