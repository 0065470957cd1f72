"""One-hot masks go to a metric that reads class ids.

`MeanIoU` flattens the masks: it reads a pixel of class 2 out of three, stored as (0, 0, 1), as
three pixels of the classes 0, 0 and 1. Most of these "pixels" are background in both arrays, and
classes above 1 never occur. Even a score of 1.0 only says that C times as many values agree.

    metric = keras.metrics.MeanIoU(num_classes=3)                         # reads 0 0 1
    metric = keras.metrics.MeanIoU(num_classes=3, sparse_y_true=False)    # takes the argmax first

Alternatively, take the argmax yourself, `masks.argmax(axis=-1)`, or use `OneHotMeanIoU`.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_call
from iou_doctor.checks.wording import describe_first, format_count
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU302",
    name="one-hot-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the masks are one-hot, and the metric reads each 0 and 1 as a class id",
    explains=Symptom.METRIC | Symptom.ENCODING,
)


def find(evidence: Evidence) -> Result:
    """Look for one-hot masks that go to a metric that reads each value as a class id."""
    if not _are_one_hot(evidence) or not evidence.metric.reads_mask_labels:
        return []
    values, axes = evidence.stats.y_true, evidence.interpretation.layout.y_true
    return [
        Finding(
            RULE,
            message=f"masks are one-hot with {axes.channels} channels on axis {axes.channel};"
            f" {_describe_reading(evidence)}",
            help=suggest_call(evidence),
            facts={
                "channels": axes.channels,
                "class_axis": axes.channel,
                "values": values.values,
                "pixels": values.pixels,
                "pixels_one_hot": values.one_hot,
                "pixels_all_zero": values.all_zero,
            },
            evidence=describe_first(values.first, evidence),
            repair=Repair(name="argmax the masks", safe=True, steps=(Argmax(Side.MASKS),)),
        )
    ]


def _are_one_hot(evidence: Evidence) -> bool:
    """Return whether each pixel has one channel of 1, or of 255, and all others are 0."""
    interpretation, values = evidence.interpretation, evidence.stats.y_true
    if values.maximum is None:
        return False  # all are NaN or infinite
    if interpretation.y_true is Encoding.ONE_HOT:
        return True
    if not interpretation.layout.y_true.is_per_class or values.fractional or values.minimum != 0:
        return False
    return values.maximum == values.minimum_sum == values.maximum_sum == 255


def _describe_reading(evidence: Evidence) -> str:
    """Return how the metric reads the masks."""
    metric, values = evidence.metric, evidence.stats.y_true
    if metric.takes is not None:
        return f"{metric.short_name} expects class ids"
    return (
        f"{metric.short_name} reads {format_count(values.values, 'class id')}, all 0 or"
        f" {values.maximum:g},"
        f" from {format_count(values.pixels, 'pixel')}"
    )
