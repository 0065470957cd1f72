"""The class axis has another length than `num_classes`.

Void or background is counted on one side and not on the other: 20 or 21 classes in PASCAL VOC,
11 or 12 in CamVid, 19 or 34 in Cityscapes, 150 or 151 in ADE20K. A class that no channel can
predict has IoU 0 and lowers the mean; a channel beyond `num_classes` is dropped or raises.

    predictions  (30, 180, 240, 11),  MeanIoU(num_classes=12, sparse_y_pred=False)

One-hot masks may have one channel more when that channel is the ignore label.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU403",
    name="channel-count-mismatch",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the class axis has another length than `num_classes`",
    explains=frozenset(
        {
            "label-out-of-range",
            "prediction-out-of-range",
            "dropped-pixels",
            "never-predicted-class",
            "metric-misreads-arrays",
            "reading-drift",
        }
    ),
)


def find(evidence: Evidence) -> Result:
    """Compare the class axes with the number of classes."""
    interpretation = evidence.interpretation
    sides = (
        ("predictions", interpretation.layout.y_pred.channels, interpretation.y_pred),
        ("masks", interpretation.layout.y_true.channels, interpretation.y_true),
    )
    return [
        _finding(evidence, name, channels)
        for name, channels, encoding in sides
        if encoding.is_dense and not _fits(evidence, name, channels, encoding)
    ]


def _fits(evidence: Evidence, name: str, channels: int, encoding: Encoding) -> bool:
    interpretation = evidence.interpretation
    with_void = (
        name == "masks"
        and encoding is Encoding.ONE_HOT
        and channels == interpretation.num_classes + 1
        and interpretation.ignore_index == interpretation.num_classes
    )
    return channels == interpretation.num_classes or with_void


def _finding(evidence: Evidence, name: str, channels: int) -> Finding:
    classes = evidence.interpretation.num_classes
    return Finding(
        RULE,
        message=f"{name} have {channels} channels, but num_classes is {classes}",
        help=f"num_classes={channels}, if every channel is a class; count void or background on"
        " both sides or on none",
        facts={"array": name, "channels": channels, "num_classes": classes},
        repair=Repair(name=f"num_classes={channels}", safe=True, num_classes=channels),
    )
