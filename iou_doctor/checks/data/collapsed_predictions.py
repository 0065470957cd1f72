"""Every pixel is predicted as the same class.

The mean IoU is then the share of the pixels that this class has, divided by the number of classes
present, and does not change during training. Probabilities that the metric casts to 0 look the same
to it and have rules of their own (IOU201, IOU203).

If all labels are 0, the cast may have happened before the array was saved, and nothing in it tells
the two apart. Look at what the model puts out: fractions have to be thresholded or argmaxed first.

    np.unique(model.predict(images))    # 0.0021 0.0034 ...: a cast makes 0 of all of them

Otherwise, the usual causes are too high a learning rate, a loss that ignores rare classes (IOU701),
labels that do not match the images, and an activation that does not fit the loss (`from_logits`).
"""

from iou_doctor.arrays.interpretation import Encoding
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

HELP = (
    "the format of the arrays is right, so check the model's loss, activation, learning rate and"
    " class weights"
)
HELP_FOR_ZEROS = (
    "look at np.unique of the model's output before any cast: if it holds fractions, a cast to"
    " integer has made them 0, and they need a threshold or an argmax first; if it is one class"
    " there too, check the model's loss, activation, learning rate and class weights"
)
"""What to do if all labels are 0: the arrays do not tell a cast from a model that finds nothing."""


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
    may_be_cast = _may_be_cast(evidence, predicted[0].id)
    return [
        Finding(
            RULE,
            message=f"all {counted:,} pixels are predicted as class {name}, while the masks hold"
            f" {len(present)} classes",
            help=advise_on_scale(evidence, HELP_FOR_ZEROS if may_be_cast else HELP),
            cautious_help=advise_on_scale(
                evidence, "repair the faults above first, then look at the predictions again"
            ),
            facts={"class": predicted[0].id, "pixels": counted, "classes_in_masks": len(present)},
            leaves_doubt=may_be_cast,
        )
    ]


def _may_be_cast(evidence: Evidence, label: int) -> bool:
    """Return whether the predictions may be scores below 1 that were cast before they were saved.

    A model that is run here puts out its scores as they are.
    """
    are_labels = evidence.interpretation.y_pred is Encoding.LABELS
    return are_labels and label == 0 and evidence.model is None
