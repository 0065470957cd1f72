"""Class logits go to a metric that reads class ids.

`MeanIoU` casts the predictions to integers and flattens them: it reads a logit of 2.7 as class 2,
one of -0.4 as class 0, and one of -3.1 as no class at all. The score is meaningless and changes
with the scale of the logits.

    metric = keras.metrics.MeanIoU(num_classes=3)                         # reads truncated logits
    metric = keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)    # takes the argmax first

No softmax is needed: the class with the largest logit is the class with the largest probability.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.predictions._unargmaxed import find_unargmaxed
from iou_doctor.checks.registry import Result
from iou_doctor.report.finding import Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU202",
    name="unargmaxed-logits",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions are logits that were never argmaxed",
    explains=Symptom.METRIC | Symptom.ENCODING,
    also_explains=("one-hot-masks", "soft-masks"),
)


def find(evidence: Evidence) -> Result:
    """Look for channels outside [0, 1] that go to a metric that reads each value as a class id."""
    return find_unargmaxed(evidence, RULE, Encoding.LOGITS, "logits")
