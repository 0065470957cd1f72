"""The overlap measures in `medpy.metric.binary`.

Source: medpy 0.5.2, `medpy/metric/binary.py` (`dc`, `jc`, `precision`, `recall`). Every value but 0
is the object, on both sides. All pixels are counted together. Two empty arrays have the Jaccard
coefficient 1 (0 before 0.5). Without an object, the others are NaN: in NumPy 2.4 `count_nonzero`
returns a NumPy number, whose division by 0 raises nothing that medpy would catch. Older versions
return an int of Python: two empty arrays have the Dice coefficient 1, and precision and recall 0.
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

_DICE = Choices(
    floats=Floats.NOT_0,
    stray_truth=Stray.OBJECT,
    stray_prediction=Stray.OBJECT,
    ignored=Ignored.NO_OPTION,
    absent=Absent.NAN,
    average=Average.FOREGROUND,
    ratio=Ratio.DICE,
    single_precision=False,
)
_CHOICES = {
    "dc": _DICE,
    "jc": replace(_DICE, ratio=Ratio.IOU, absent=Absent.ONE),
    "precision": replace(_DICE, ratio=Ratio.PRECISION),
    "recall": replace(_DICE, ratio=Ratio.RECALL),
    "sensitivity": replace(_DICE, ratio=Ratio.RECALL),
}
_ARRAYS = ("result", "reference")
SIGNATURES: tuple[Signature, ...] = tuple(
    Signature(f"medpy.metric.binary.{name}", dict.fromkeys(_ARRAYS), free=frozenset(_ARRAYS))
    for name in _CHOICES
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:  # noqa: ARG001 - the arrays are no settings
    """Return the metric of a parsed call."""
    function = name.rpartition(".")[2]
    contract = Contract(
        name=f"medpy.{function}",
        library="medpy",
        versions="0.5",
        call=f"medpy.metric.binary.{function}(result, reference)",
        num_classes=2,
        choices=_CHOICES[function],
        takes=InputSpec(
            errors={Mismatch.SHAPES: "ValueError: operands could not be broadcast together"}
        ),
    )
    return wrap_contract(contract, name=name, call=call)
