"""Predictions hold labels outside 0..num_classes-1.

Keras 3.15 drops a pixel whose prediction is no class, so it is not even a miss: a model with one
output too many is scored on the pixels it got right, and may reach 1.0. Here such a pixel is a
miss for its true class.

    predictions with labels 0..3, MeanIoU(num_classes=3)

Raise `num_classes`, or map the predicted ids. (Ids predicted only where the mask is void are
harmless, and not reported.)
"""

from iou_doctor.checks import Result
from iou_doctor.checks._strays import prediction_strays
from iou_doctor.checks._words import labels_in, percent
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU402",
    name="prediction-out-of-range",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the predictions hold labels that `num_classes` leaves no room for",
    explains=frozenset({"dropped-pixels", "metric-misreads-arrays"}),
)


def find(evidence: Evidence) -> Result:
    """List the predicted labels that are no class, where the mask is one."""
    strays = prediction_strays(evidence)
    if not strays or evidence.has_found("channel-count-mismatch"):
        return []
    share = percent(sum(strays.values()), evidence.mended.pixels.counted)
    if set(strays) == {255}:
        remedy = "predictions are 0/255: (predictions > 127), or 255 means void: map it to a class"
    else:
        remedy = f"num_classes={max(strays) + 1}, or map these ids to classes"
    return [
        Finding(
            RULE,
            message=f"predictions hold {labels_in(strays)} ({share}"
            f" of those counted), outside 0..{evidence.reading.num_classes - 1};"
            " Keras 3.15 drops them, so they are not even misses",
            help=remedy,
            facts={
                "labels": {str(label): count for label, count in strays.items()},
                "num_classes": evidence.reading.num_classes,
            },
        )
    ]
