"""The metrics of PaddleSeg.

Source: PaddleSeg 2.8.0, `paddleseg/utils/metrics.py` (`calculate_area`, `mean_iou`, `dice`,
`accuracy`), which `paddleseg/core/val.py` calls. Maps are compared with each class id. Areas are
int64 and ratios float64. Pixels whose truth is `ignore_index` are left out. A class without a
pixel counts as 0. `accuracy` divides by the pixels predicted as a class, even if there are none.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import wrap_contract
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
from iou_doctor.metrics.input_spec import InputSpec, Mismatch
from iou_doctor.metrics.metric import Metric, Signature

_IOU = Choices(
    floats=Floats.EXACT,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.ZERO,
    single_precision=False,
)
_CHOICES = {
    "mean_iou": _IOU,
    "dice": replace(_IOU, ratio=Ratio.DICE),
    "accuracy": replace(_IOU, ratio=Ratio.PRECISION, average=Average.POOLED, absent=Absent.NAN),
}
_SHORTS = {
    "mean_iou": "PaddleSeg",
    "dice": "PaddleSeg dice",
    "accuracy": "PaddleSeg accuracy",
}


def _build_contract(metric: str, choices: Choices, *, ignore: str = "{ignore_index}") -> Contract:
    fixed = ignore.isdigit()
    return Contract(
        name=f"paddleseg.{metric}{f'[ignore_index={ignore}]' if fixed else ''}",
        library="PaddleSeg",
        versions="2.8",
        call=f"paddleseg.utils.metrics.{metric}(*calculate_area(pred, label, {{num_classes}},"
        f" ignore_index={ignore}))",
        choices=choices,
        takes=InputSpec(
            refuses_extra_axes=True,
            errors={Mismatch.SHAPES: "ValueError: Shape of `pred` and `label should be equal"},
        ),
        short=_SHORTS[metric] + (f" ({ignore} ignored)" if fixed else ""),
        common=metric == "mean_iou" and not fixed,
    )


CONTRACTS: tuple[Contract, ...] = (
    *(_build_contract(metric, choices) for metric, choices in _CHOICES.items()),
    _build_contract("mean_iou", replace(_IOU, ignored=Ignored.IS_255), ignore="255"),
)
_AREAS = ("intersect_area", "pred_area", "label_area")
SIGNATURES: tuple[Signature, ...] = tuple(
    Signature(f"paddleseg.utils.metrics.{metric}", dict.fromkeys(_AREAS), free=frozenset(_AREAS))
    for metric in _CHOICES
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:  # noqa: ARG001 - areas are no settings
    """Return the metric of a parsed call; what is ignored is an argument of `calculate_area`."""
    contract = CONTRACTS[list(_CHOICES).index(name.rpartition(".")[2])]
    return wrap_contract(contract, name=name, call=call)
