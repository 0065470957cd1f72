"""The length of the class axis differs from `num_classes`.

Usually void or background is counted on one side and not on the other: 20 or 21 classes in PASCAL
VOC, 11 or 12 in CamVid, 19 or 34 in Cityscapes, 150 or 151 in ADE20K. A class without a channel is
never predicted, so its IoU is 0 and lowers the mean. A channel beyond `num_classes` makes the
metric raise or drop pixels.

    predictions  (30, 180, 240, 11),  MeanIoU(num_classes=12, sparse_y_pred=False)

One-hot masks may have one channel more than `num_classes` if that channel is the ignore label.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import have_masks_overlap
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU403",
    name="channel-count-mismatch",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the length of the class axis differs from `num_classes`",
    explains=Symptom.METRIC,
    also_explains=(
        "label-out-of-range",
        "never-predicted-class",
        "prediction-out-of-range",
        "reading-drift",
    ),
)


def find(evidence: Evidence) -> Result:
    """Compare the length of each class axis with the number of classes."""
    interpretation, takes = evidence.interpretation, evidence.metric.takes
    if interpretation.is_multilabel and (
        takes is None or takes.masks is not PixelContent.ONE_HOT or not evidence.metric.num_classes
    ):
        return []  # no argument of the metric counts the channels
    sides = (
        (Side.PREDICTIONS, interpretation.layout.y_pred.channels, interpretation.y_pred),
        (Side.MASKS, interpretation.layout.y_true.channels, interpretation.y_true),
    )
    return [
        _report(evidence, side, channels)
        for side, channels, encoding in sides
        if encoding.is_dense and not _is_expected(evidence, side, channels, encoding)
    ]


def _is_expected(evidence: Evidence, side: Side, channels: int, encoding: Encoding) -> bool:
    interpretation = evidence.interpretation
    has_void_channel = (
        side is Side.MASKS
        and encoding is Encoding.ONE_HOT
        and channels == interpretation.num_classes + 1
        and interpretation.ignore_index == interpretation.num_classes
    )
    return channels == interpretation.num_classes or has_void_channel


def _report(evidence: Evidence, side: Side, channels: int) -> Finding:
    classes = evidence.interpretation.num_classes
    argument = "num_labels" if "num_labels" in evidence.metric.call else "num_classes"
    return Finding(
        RULE,
        message=f"{side} have {channels} channels, but {argument} is {classes}",
        help=f"{argument}={channels} if every channel is a class; otherwise count void or"
        " background on both sides or on neither" + _suggest_dropping(evidence, side, channels),
        facts={"array": side.value, "channels": channels, "num_classes": classes},
        repair=Repair(name=f"{argument}={channels}", safe=True, num_classes=channels),
    )


def _suggest_dropping(evidence: Evidence, side: Side, channels: int) -> str:
    """Return how to drop the channel of background that overlapping masks lack; else nothing."""
    layout = evidence.interpretation.layout
    one_more = side is Side.PREDICTIONS and channels == layout.y_true.channels + 1
    if not one_more or not have_masks_overlap(evidence):
        return ""
    return (
        f"; if the first channel is background, predictions = np.delete(predictions, 0,"
        f" axis={layout.y_pred.channel})"
    )
