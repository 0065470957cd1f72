"""The pixel-level evaluation of cityscapesScripts, on ids that are its classes.

Source: cityscapesScripts, `evaluation/evalPixelLevelSemanticLabeling.py` (`getIouScoreForLabel`),
read and not run. Pixels whose truth is void are left out. A prediction of void is a miss. The
Python version fails on other ids.
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
        name="cityscapes.evalPixelLevelSemanticLabeling",
        library="cityscapesScripts",
        versions="2",
        call="evalPixelLevelSemanticLabeling",
        choices=Choices(
            floats=Floats.REFUSED,
            stray_truth=Stray.RAISES,
            stray_prediction=Stray.OTHER_SIDE,
            ignored=Ignored.CLASS_LEAVES,
            absent=Absent.SKIPPED,
            single_precision=False,
        ),
        short="Cityscapes",
        common=True,
    ),
)
