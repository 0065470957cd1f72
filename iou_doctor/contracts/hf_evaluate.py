"""What the metric `mean_iou` of Hugging Face's evaluate reports.

Source: evaluate 0.4.6, `metrics/mean_iou/mean_iou.py` at commit a7dd338. As mmsegmentation, in
float64; `nan_to_num` comes after the mean, so that it never changes it.
"""

from iou_doctor.contract import Absent, Choices, Contract, Floats, Ignored, Stray

CONTRACTS = (
    Contract(
        name="evaluate.mean_iou",
        library="evaluate",
        versions="0.4",
        call="evaluate.load('mean_iou').compute(predictions=predictions, references=references,"
        " num_labels={num_classes}, ignore_index={ignore_index})",
        choices=Choices(
            floats=Floats.COMPARED,
            stray_truth=Stray.OTHER_SIDE,
            stray_prediction=Stray.OTHER_SIDE,
            ignored=Ignored.CLASS_STAYS,
            absent=Absent.SKIPPED,
            half=False,
            single=False,
        ),
        short="evaluate",
        common=True,
    ),
)
