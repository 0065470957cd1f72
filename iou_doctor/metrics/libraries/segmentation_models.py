"""`IOUScore` and `FScore` of segmentation_models (qubvel, for Keras).

Source: segmentation-models 1.0.1, `base/functional.py` (`iou_score`, `average`,
`round_if_needed`). Each channel of one-hot masks and scores is summed over a batch, with 1e-5
added to numerator and denominator. Keras then averages the batches without weights.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import (
    choose,
    parse_class_ids,
    parse_flag,
    parse_number,
    wrap_contract,
)
from iou_doctor.metrics.definition import (
    Absent,
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

LIBRARY = "segmentation_models"
_IOU = Choices(
    floats=Floats.SOFT,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.NO_OPTION,
    absent=Absent.ONE,
    group=Group.BATCH,
    averages_batches=True,
    smooth=1e-5,
)
_TAKES = InputSpec(
    masks=PixelContent.ONE_HOT,
    predictions=PixelContent.SCORES,
    axis=-1,
    one_channel=True,
    refuses_extra_axes=True,
    errors={Mismatch.SHAPES: "InvalidArgumentError: Incompatible shapes"},
)


def _build_contract(name: str, arguments: str, choices: Choices) -> Contract:
    return Contract(
        name=f"segmentation_models.{name}{f'[{arguments}]' if arguments else ''}",
        library=LIBRARY,
        versions="1.0",
        call=f"sm.metrics.{name}({arguments})",
        choices=choices,
        takes=_TAKES,
    )


_PARAMETERS = {
    "class_weights": None,
    "class_indexes": None,
    "threshold": None,
    "per_image": False,
    "smooth": 1e-5,
    "name": None,
}
SIGNATURES: tuple[Signature, ...] = (
    Signature("segmentation_models.metrics.IOUScore", _PARAMETERS),
    Signature("segmentation_models.metrics.FScore", {"beta": 1, **_PARAMETERS}),
)
CONTRACTS: tuple[Contract, ...] = (
    _build_contract("IOUScore", "", _IOU),
    _build_contract("IOUScore", "threshold=0.5", replace(_IOU, floats=Floats.ABOVE)),
    _build_contract("FScore", "", replace(_IOU, ratio=Ratio.DICE)),
    _build_contract(
        "FScore", "threshold=0.5", replace(_IOU, floats=Floats.ABOVE, ratio=Ratio.DICE)
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    choose(name, "class_weights", arguments["class_weights"], {None: None, 1: None})
    choose(name, "beta", arguments.get("beta", 1), {1: None})
    threshold, indexes = arguments["threshold"], arguments["class_indexes"]
    if isinstance(indexes, int):
        indexes = [indexes]
    choices = replace(
        _IOU,
        ratio=Ratio.DICE if name.endswith("FScore") else Ratio.IOU,
        floats=Floats.SOFT if threshold is None else Floats.ABOVE,
        group=Group.IMAGE if parse_flag(name, "per_image", arguments["per_image"]) else Group.BATCH,
        smooth=parse_number(name, "smooth", arguments["smooth"]),
        target_class_ids=None
        if indexes is None
        else parse_class_ids(name, "class_indexes", indexes),
    )
    return wrap_contract(
        replace(CONTRACTS[0], choices=choices),
        name=name,
        call=call,
        threshold=None if threshold is None else parse_number(name, "threshold", threshold),
    )
