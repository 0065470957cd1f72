"""Every pixel is predicted as the same class.

The mean IoU is then the share of the pixels that this class has, divided by the number of classes
present, and does not change during training. This rule fires only if the arrays are interpreted
correctly. Probabilities that a cast has cut to 0 look the same and have rules of their own (IOU201,
IOU203).

The usual causes are too high a learning rate, a loss that ignores rare classes (IOU701), labels
that do not match the images, and an activation that does not fit the loss (`from_logits`).
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import advise_on_scale
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

FORMAT_RULES = (
    "softmax-over-wrong-axis",
    "double-activation",
    "single-channel-softmax",
    "byte-scores",
    "relu-before-sigmoid",
    "threshold-off",
)
"""Rules for faults that make any model predict a single class."""

RULE = Rule(
    code="IOU702",
    name="collapsed-predictions",
    severity=Severity.ERROR,
    suspicion=Suspicion.COLLAPSE,
    claim="the model predicts the same class for every pixel",
    symptom=Symptom.CLASS_SHARES,
    explains=Symptom.BASELINE,
    also_explains=("never-predicted-class",),
    after=FORMAT_RULES,
    needs=Needs.WHOLE_DATA_SET,
)


def find(evidence: Evidence) -> Result:
    """Look for a single predicted class while the masks hold several."""
    present = [entry for entry in evidence.repaired.per_class if entry.truth_pixels]
    predicted = [entry for entry in evidence.repaired.per_class if entry.predicted_pixels]
    counted = evidence.repaired.pixels.counted
    if evidence.has_found(*FORMAT_RULES):
        return []
    if len(present) < 2 or len(predicted) != 1 or predicted[0].predicted_pixels != counted:
        return []
    name = evidence.interpretation.class_names[predicted[0].id]
    return [
        Finding(
            RULE,
            message=f"all {counted:,} pixels are predicted as class {name}, while the masks hold"
            f" {len(present)} classes",
            help=advise_on_scale(
                evidence,
                "the format of the arrays is right, so check the model's loss, activation,"
                " learning rate and class weights",
            ),
            cautious_help=advise_on_scale(
                evidence, "repair the faults above first, then look at the predictions again"
            ),
            facts={"class": predicted[0].id, "pixels": counted, "classes_in_masks": len(present)},
        )
    ]
