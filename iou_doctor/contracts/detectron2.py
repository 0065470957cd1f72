"""What `SemSegEvaluator` of detectron2 reports, as a share of one (it prints percent).

Source: detectron2 commit 02b5c4e2, `evaluation/sem_seg_evaluation.py`. A matrix with one row and
column more, prediction by truth, filled by `(C + 1) * prediction + truth`; the ignore label goes
to the extra class. The mean is over the classes that the masks hold.
"""

from iou_doctor.contract import Absent, Choices, Contract, Floats, Ignored, Stray, Wrap

CONTRACTS = (
    Contract(
        name="detectron2.SemSegEvaluator",
        library="detectron2",
        versions="0.6",
        call="SemSegEvaluator(dataset_name)",
        choices=Choices(
            floats=Floats.REFUSED,
            stray_truth=Stray.WRAPS,
            stray_prediction=Stray.RAISES,
            wrap=Wrap.WITH_VOID,
            ignored=Ignored.CLASS_STAYS,
            absent=Absent.SKIPPED_UNLABELLED,
            single=False,
        ),
        short="detectron2",
        common=True,
    ),
)
