"""Scores by their textbook definitions, as papers and hand-written scripts report them.

They follow the doctor's own conventions and average in every usual way. Pixels whose truth is the
ignore label or outside the classes are left out, a prediction outside the classes is a miss, and a
class in neither array is left out.
"""

from dataclasses import replace

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
from iou_doctor.metrics.input_spec import InputSpec, PixelContent

_MEAN = Choices(
    floats=Floats.READ,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.CLASS_LEAVES,
    absent=Absent.SKIPPED,
    single_precision=False,
)


def _build_contract(name: str, short: str, choices: Choices, *, binary: bool = False) -> Contract:
    return Contract(
        name=f"plain.{name}",
        library="by definition",
        versions="",
        call="",
        choices=choices,
        takes=InputSpec(masks=PixelContent.EITHER, predictions=PixelContent.EITHER, any_axis=True),
        short=short,
        binary=binary,
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("mean_iou", "mean IoU", _MEAN),
    _build_contract(
        "mean_iou[images]", "mean IoU of each image", replace(_MEAN, group=Group.IMAGE)
    ),
    _build_contract(
        "mean_iou[batches]", "mean IoU of each batch", replace(_MEAN, averages_batches=True)
    ),
    _build_contract(
        "mean_iou[no background]", "mean IoU but class 0", replace(_MEAN, background=False)
    ),
    _build_contract(
        "iou[foreground]", "IoU of class 1", replace(_MEAN, average=Average.FOREGROUND)
    ),
    _build_contract(
        "micro_iou", "IoU of all classes pooled", replace(_MEAN, average=Average.POOLED)
    ),
    _build_contract(
        "frequency_weighted_iou",
        "frequency-weighted IoU",
        replace(_MEAN, average=Average.WEIGHTED),
    ),
    _build_contract("pixel_accuracy", "pixel accuracy", replace(_MEAN, average=Average.ACCURACY)),
    _build_contract("mean_accuracy", "mean recall", replace(_MEAN, ratio=Ratio.RECALL)),
    _build_contract("mean_precision", "mean precision", replace(_MEAN, ratio=Ratio.PRECISION)),
    _build_contract("mean_dice", "mean Dice", replace(_MEAN, ratio=Ratio.DICE)),
    _build_contract(
        "mean_dice[images]",
        "mean Dice of each image",
        replace(_MEAN, ratio=Ratio.DICE, group=Group.IMAGE),
    ),
    _build_contract(
        "dice[foreground]",
        "Dice of class 1",
        replace(_MEAN, ratio=Ratio.DICE, average=Average.FOREGROUND),
    ),
    _build_contract(
        "mean_iou[absent 0]", "mean IoU (absent as 0)", replace(_MEAN, absent=Absent.ZERO)
    ),
    _build_contract(
        "mean_iou[absent 1]", "mean IoU (absent as 1)", replace(_MEAN, absent=Absent.ONE)
    ),
)
