"""What `iou_score` of segmentation_models_pytorch reports.

Source: segmentation-models-pytorch 0.6.0, `metrics/functional.py` (`get_stats`, `iou_score`). In
multiclass mode label maps are counted in three histograms; in binary mode scores and masks are
both cut at the threshold. A class in neither array counts 1, but for `micro`.
"""

from dataclasses import replace

from iou_doctor.contract import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Stray,
)

LIBRARY = "segmentation_models_pytorch"
_MACRO = Choices(
    floats=Floats.THRESHOLDED,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.OUTSIDE_ONLY,
    absent=Absent.ONE,
    integers=True,
)


def _contract(reduction: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name=f"smp.iou_score[{reduction}]",
        library=LIBRARY,
        versions="0.3-0.6",
        call=f"smp.metrics.iou_score(tp, fp, fn, tn, reduction='{reduction}')",
        choices=choices,
        short=f"smp {reduction}",
        common=common,
    )


CONTRACTS = (
    _contract("micro", replace(_MACRO, average=Average.POOLED, absent=Absent.NAN)),
    _contract("macro", _MACRO, common=True),
    _contract("weighted", replace(_MACRO, average=Average.WEIGHTED)),
    _contract("micro-imagewise", replace(_MACRO, average=Average.POOLED, group=Group.IMAGE)),
    _contract("macro-imagewise", replace(_MACRO, group=Group.IMAGE), common=True),
)
