"""More metrics of segmentation_models_pytorch: scores of counts, and those in `utils`.

Source: segmentation-models-pytorch 0.6.0, `metrics/functional.py` (`f1_score`, `fbeta_score`,
`precision`, `recall`, `sensitivity`) and `utils/{metrics,functional}.py` (`IoU`, `Fscore`, up to
0.6). The classes in `utils` compare the scores of a batch with `threshold`, strictly, and pool all
its channels and images; the training loop averages the batches.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import (
    choose,
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
from iou_doctor.metrics.libraries import smp
from iou_doctor.metrics.metric import Metric, Signature

_ROOT = "segmentation_models_pytorch"
_COUNTS = smp.SIGNATURES[0]
_RATIOS = {
    "f1_score": Ratio.DICE,
    "fbeta_score": Ratio.DICE,
    "precision": Ratio.PRECISION,
    "recall": Ratio.RECALL,
    "sensitivity": Ratio.RECALL,
}
_UTILS = Choices(
    floats=Floats.ABOVE,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.NO_OPTION,
    absent=Absent.ONE,
    group=Group.BATCH,
    average=Average.POOLED,
    averages_batches=True,
)
_TAKES = InputSpec(
    masks=PixelContent.ONE_HOT,
    predictions=PixelContent.SCORES,
    one_channel=True,
    channel_optional=True,
    refuses_extra_axes=True,
    errors={Mismatch.SHAPES: "RuntimeError: The size of tensor a must match the size of tensor b"},
)
_UTILS_ARGUMENTS: dict[str, object] = {
    "eps": 1e-7,
    "threshold": 0.5,
    "activation": None,
    "ignore_channels": None,
}
SIGNATURES: tuple[Signature, ...] = (
    *(
        Signature(
            f"{_ROOT}.metrics.{name}",
            dict(_COUNTS.parameters) | ({"beta": 1.0} if name == "fbeta_score" else {}),
            free=_COUNTS.free,
        )
        for name in _RATIOS
    ),
    Signature(f"{_ROOT}.utils.metrics.IoU", _UTILS_ARGUMENTS),
    Signature(f"{_ROOT}.utils.metrics.Fscore", {"beta": 1, **_UTILS_ARGUMENTS}),
    *(
        Signature(
            f"{_ROOT}.metrics.{name}",
            {},
            refusal="it returns counts; name the score of them, for instance"
            " smp.metrics.iou_score(tp, fp, fn, tn, reduction='micro')",
        )
        for name in ("get_stats",)
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    choose(name, "beta", arguments.get("beta", 1), {1: None})
    if ".utils." in name:
        return _build_util(name, arguments, call)
    metric = smp.build_metric(f"{_ROOT}.metrics.iou_score", arguments, call=call)
    contract = metric.contract
    assert contract is not None
    function = name.rpartition(".")[2]
    ratio = _RATIOS[function]
    by_channel = contract.of_channels
    contract = replace(
        contract,
        name=f"smp.{function}[{arguments['reduction']}]",
        choices=replace(contract.choices, ratio=ratio),
        of_channels=None if by_channel is None else replace(by_channel, ratio=ratio),
    )
    return replace(metric, name=name, contract=contract)


def _build_util(name: str, arguments: Mapping[str, object], call: str) -> Metric:
    threshold = arguments["threshold"]
    kinds = {None: None, "identity": None, False: None}
    if arguments["activation"] not in kinds:
        raise refuse_argument(name, "activation", "give the scores after the activation")
    ignored = arguments["ignore_channels"]
    if ignored not in (None, [], [0], (0,)):
        raise refuse_argument(name, "ignore_channels", "but for [0], which leaves out channel 0")
    last = name.rpartition(".")[2]
    contract = Contract(
        name=f"smp.utils.{last}",
        library=smp.LIBRARY,
        versions="0.1-0.6",
        call=call,
        choices=replace(
            _UTILS,
            floats=Floats.SOFT if threshold is None else Floats.ABOVE,
            ratio=Ratio.IOU if last == "IoU" else Ratio.DICE,
            smooth=parse_number(name, "eps", arguments["eps"]),
            background=not ignored,
        ),
        takes=_TAKES,
    )
    cut = None if threshold is None else parse_number(name, "threshold", threshold)
    return wrap_contract(contract, name=name, call=call, threshold=cut)
