"""What `IOUScore` of segmentation_models (qubvel, for Keras) reports.

Source: segmentation-models 1.0.1, `base/functional.py` (`iou_score`, `average`,
`round_if_needed`). Sums over a batch for each channel of one-hot masks and scores, 1e-5 added
above and below; Keras then averages the batches without weights.
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

LIBRARY = "segmentation_models"
_IOU = Choices(
    floats=Floats.SOFT,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.NO_OPTION,
    absent=Absent.ONE,
    group=Group.BATCH,
    batches=True,
    smooth=1e-5,
)


def _contract(name: str, arguments: str, choices: Choices) -> Contract:
    return Contract(
        name=f"segmentation_models.{name}{f'[{arguments}]' if arguments else ''}",
        library=LIBRARY,
        versions="1.0",
        call=f"sm.metrics.{name}({arguments})",
        choices=choices,
    )


CONTRACTS = (
    _contract("IOUScore", "", _IOU),
    _contract("IOUScore", "threshold=0.5", replace(_IOU, floats=Floats.ABOVE)),
    _contract("FScore", "", replace(_IOU, ratio=Ratio.DICE)),
    _contract("FScore", "threshold=0.5", replace(_IOU, floats=Floats.ABOVE, ratio=Ratio.DICE)),
)
