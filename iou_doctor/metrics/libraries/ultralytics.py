"""`SemanticMetrics` of ultralytics.

Source: ultralytics 8.4.190, `utils/metrics.py` (`SemanticMetrics`). 255 is void. Pairs are dropped
if either label is outside the classes. The mean is over the classes that the masks hold. With
`nc=1` it is the IoU of class 1 (read and not run).
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
from iou_doctor.metrics.metric import Metric, Signature

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "ultralytics.utils.metrics.SemanticMetrics",
        {"nc": None, "names": None},
        free=frozenset({"names"}),
    ),
)
VOID = 255
_CHOICES = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.DROPPED,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.SKIPPED_UNLABELLED,
    empty=0.0,
)
CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="ultralytics.SemanticMetrics",
        library="ultralytics",
        versions="8.4",
        call="SemanticMetrics(nc={num_classes})",
        choices=_CHOICES,
        short="ultralytics",
        common=True,
    ),
    Contract(
        name="ultralytics.SemanticMetrics[nc=1]",
        library="ultralytics",
        versions="8.4",
        call="SemanticMetrics(nc=1)",
        choices=replace(_CHOICES, average=Average.FOREGROUND),
        short="ultralytics (one class)",
        binary=True,
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call; it ignores 255 without an argument."""
    classes = parse_integer(name, "nc", arguments["nc"])
    contract = CONTRACTS[1] if classes == 1 else CONTRACTS[0]
    return wrap_contract(
        contract, name=name, call=call, num_classes=classes, ignore=VOID, ignores=True
    )
