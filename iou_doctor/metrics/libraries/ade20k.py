"""The Python scorer of the ADE20K scene parsing benchmark.

Source: sceneparsing commit e202229, `evaluationCode/utils_eval.py` (`intersectionAndUnion`).
Classes are numbered from 1, and 0 is void. The mean is over all classes: a class in neither array
counts as 0.
"""

from iou_doctor.metrics.definition import (
    Absent,
    Choices,
    Contract,
    Floats,
    Ignored,
    Stray,
)

CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="ade20k.intersectionAndUnion",
        library="ADE20K",
        versions="2017",
        call="intersectionAndUnion(prediction + 1, truth + 1, {num_classes})",
        choices=Choices(
            floats=Floats.REFUSED,
            stray_truth=Stray.OTHER_SIDE,
            stray_prediction=Stray.OTHER_SIDE,
            ignored=Ignored.BELOW_0_TOO,
            absent=Absent.ZERO,
            single_precision=False,
        ),
        short="ADE20K",
        common=True,
    ),
)
