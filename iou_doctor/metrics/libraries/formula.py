"""Formulas over two whole arrays, such as `(p * t).sum() / (p + t - p * t).sum()`.

They are about the class 1 of arrays of 0 and 1, or about all channels together. Only the accuracy,
`(p == t).mean()`, has a meaning for more classes.
"""

from dataclasses import replace

from iou_doctor.metrics.call_arguments import wrap_contract
from iou_doctor.metrics.definition import Absent, Average, Floats, Group, Ratio, Stray
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.metrics.libraries import keras_backend, plain
from iou_doctor.metrics.metric import Metric

_RATIOS = {
    "iou": Ratio.IOU,
    "dice": Ratio.DICE,
    "precision": Ratio.PRECISION,
    "recall": Ratio.RECALL,
}
_WORDS = {
    "iou": "IoU of class 1",
    "dice": "Dice of class 1",
    "precision": "precision of class 1",
    "recall": "recall of class 1",
}
_ACCURACY = next(one for one in plain.CONTRACTS if one.name == "plain.pixel_accuracy")


def build_metric(ratio: str, *, smooth: float, arithmetic: bool, call: str) -> Metric:
    """Return the metric of a formula.

    Args:
        ratio: what it works out, as in `Formula`.
        smooth: what it adds to numerator and denominator.
        arithmetic: whether it only multiplies and adds.
        call: the formula as the user wrote it.
    """
    if ratio == "accuracy":
        return wrap_contract(_ACCURACY, name=_ACCURACY.name, call=call)
    flat = keras_backend.CONTRACTS[0]
    choices = replace(
        flat.choices,
        floats=Floats.SOFT if arithmetic else Floats.READ,
        stray_truth=Stray.AS_NUMBER,
        stray_prediction=Stray.AS_NUMBER,
        group=Group.DATA_SET,
        average=Average.POOLED if arithmetic else Average.FOREGROUND,
        averages_batches=False,
        ratio=_RATIOS[ratio],
        smooth=smooth,
        absent=Absent.ONE if smooth else Absent.NAN,
        single_precision=False,
    )
    takes = replace(
        flat.takes,
        masks=PixelContent.ONE_HOT if arithmetic else PixelContent.IDS,
        predictions=PixelContent.SCORES if arithmetic else PixelContent.IDS,
        one_channel=True,
        channel_optional=True,
    )
    contract = replace(
        flat,
        name=f"formula.{ratio}",
        short=_WORDS[ratio],
        library="a formula",
        call=call,
        choices=choices,
        takes=takes,
        only_binary="it calculates with class ids as numbers; it is for the labels 0 and 1",
    )
    return wrap_contract(contract, name=contract.name, call=call)
