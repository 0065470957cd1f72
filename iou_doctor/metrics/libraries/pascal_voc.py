"""The development kit of PASCAL VOC.

Source: VOCdevkit, `VOCevalseg.m`, read and not run (MATLAB). 255 is void. Predictions outside the
classes raise, and other true labels are counted in a wrong cell. A class in neither array makes
the mean NaN.
"""

from iou_doctor.metrics.definition import (
    Absent,
    Choices,
    Contract,
    Floats,
    Ignored,
    Stray,
    Wrap,
)

CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="pascal_voc.VOCevalseg",
        library="PASCAL VOC",
        versions="2012",
        call="VOCevalseg(VOCopts, id)",
        choices=Choices(
            floats=Floats.REFUSED,
            stray_truth=Stray.WRAPS,
            stray_prediction=Stray.RAISES,
            wrap=Wrap.PREDICTION_MAJOR,
            ignored=Ignored.CLASS_STAYS,
            absent=Absent.NAN,
            single_precision=False,
        ),
        short="PASCAL VOC",
        common=True,
    ),
)
