"""Class probabilities go to a metric that reads class ids.

`MeanIoU` casts the predictions to integers and flattens them. Every probability below 1 becomes
class 0, so the score does not move while the model learns. With one-hot masks it stays at exactly
(C - 1) / (2 C): 0.25 for two classes, 0.3333 for three, 0.4762 for 21. With integer masks the
lengths differ and Keras raises an error. Contrary to widespread advice, `MeanIoU` does not expect
one-hot input by default.

    metric = keras.metrics.MeanIoU(num_classes=3)                         # stays at 0.3333
    metric = keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)    # takes the argmax first

Alternatively, take the argmax yourself: `predictions.argmax(axis=-1)`. For one-hot masks, add
`sparse_y_true=False` or use `OneHotMeanIoU`.

If the array itself was cast before it was saved, nearly all pixels have a 0 in each channel.
Nothing restores such probabilities: save them as floats, or as labels after the argmax.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.predictions._cut_probabilities import find_cut_probabilities
from iou_doctor.checks.predictions._unargmaxed import find_unargmaxed
from iou_doctor.checks.registry import Result
from iou_doctor.report.finding import Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU201",
    name="unargmaxed-probabilities",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions are probabilities that were never argmaxed",
    explains=Symptom.METRIC | Symptom.ENCODING,
    also_explains=("one-hot-masks", "soft-masks"),
)


def find(evidence: Evidence) -> Result:
    """Look for channels in [0, 1] that are read as class ids, or were cast before the argmax."""
    cut = find_cut_probabilities(evidence, RULE)
    if cut is not None:
        return [cut]
    return find_unargmaxed(evidence, RULE, Encoding.PROBABILITIES, "probabilities")
