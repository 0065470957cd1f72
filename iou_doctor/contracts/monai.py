"""What `MeanIoU` and `DiceMetric` of MONAI report.

Source: MONAI 1.6.1, `monai/metrics/{meaniou,meandice,utils}.py`. A ratio for each image and
channel; channels are averaged first, images then, what is NaN left out of both. `MeanIoU` sums
scores as they are, `DiceMetric` takes every score but 0 for foreground.
"""

from dataclasses import replace

from iou_doctor.contract import (
    Absent,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Ratio,
    Stray,
)

LIBRARY = "MONAI"
_MEAN_IOU = Choices(
    floats=Floats.SOFT,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.CLASS_CLEARED,
    absent=Absent.SKIPPED_UNLABELLED,
    group=Group.IMAGE,
    empty=0.0,
)


def _contract(name: str, arguments: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name=f"monai.{name}{f'[{arguments}]' if arguments else ''}",
        library=LIBRARY,
        versions="1.6",
        call=f"monai.metrics.{name}({arguments})",
        choices=choices,
        common=common,
    )


CONTRACTS = (
    _contract("MeanIoU", "", _MEAN_IOU, common=True),
    _contract("MeanIoU", "ignore_empty=False", replace(_MEAN_IOU, absent=Absent.ONE)),
    _contract(
        "DiceMetric",
        "",
        replace(_MEAN_IOU, floats=Floats.NON_ZERO, ratio=Ratio.DICE, ignored=Ignored.INSIDE_ONLY),
    ),
)
