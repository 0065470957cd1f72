"""What `IoUMetric` of mmsegmentation reports, as a share of one (it prints percent).

Source: mmsegmentation 1.2.2, `mmseg/evaluation/metrics/iou_metric.py` (`intersect_and_union`,
`total_area_to_metrics`). Three histograms over the classes, after the pixels whose truth is
`ignore_index` have left; float maps are compared with the label as they are.
"""

from dataclasses import replace

from iou_doctor.contract import Absent, Choices, Contract, Floats, Ignored, Ratio, Stray

LIBRARY = "mmsegmentation"
_MEAN_IOU = Choices(
    floats=Floats.COMPARED,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.SKIPPED,
)


def _contract(metric: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name="mmseg.IoUMetric" + ("" if metric == "mIoU" else f"[{metric}]"),
        library=LIBRARY,
        versions="1.0-1.2",
        call=f"IoUMetric(ignore_index={{ignore_index}}, iou_metrics=['{metric}'])",
        choices=choices,
        short=f"mmseg {metric}",
        common=common,
    )


CONTRACTS = (
    _contract("mIoU", _MEAN_IOU, common=True),
    _contract("mDice", replace(_MEAN_IOU, ratio=Ratio.DICE)),
    _contract("mFscore", replace(_MEAN_IOU, ratio=Ratio.DICE, absent=Absent.SKIPPED_MISSED)),
    Contract(
        name="mmseg.IoUMetric[ignore_index=255]",
        library=LIBRARY,
        versions="1.0-1.2",
        call="IoUMetric(ignore_index=255)",
        choices=replace(_MEAN_IOU, ignored=Ignored.IS_255),
        short="mmseg mIoU, 255 ignored",
    ),
)
