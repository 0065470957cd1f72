"""What `SemanticMetrics` of ultralytics reports.

Source: ultralytics 8.4.190, `utils/metrics.py` (`SemanticMetrics`). 255 is void; pairs with a side
out of range vanish; the mean is over the classes that the masks hold.
"""

from iou_doctor.contract import Absent, Choices, Contract, Floats, Ignored, Stray

CONTRACTS = (
    Contract(
        name="ultralytics.SemanticMetrics",
        library="ultralytics",
        versions="8.4",
        call="SemanticMetrics(nc={num_classes})",
        choices=Choices(
            floats=Floats.REFUSED,
            stray_truth=Stray.DROPPED,
            stray_prediction=Stray.DROPPED,
            ignored=Ignored.CLASS_STAYS,
            absent=Absent.SKIPPED_UNLABELLED,
            empty=0.0,
        ),
        short="ultralytics",
        common=True,
    ),
)
