"""The predictions are identical to the masks.

A variable was saved twice, a loader returned the masks for both, or the model had the masks among
its inputs. The score is perfect. No trained model agrees with hand-drawn masks in every pixel,
least of all along the borders of objects.

    np.save("preds.npy", y_true)      # was meant to be y_pred

Compare one prediction with its image. A model can memorise a toy data set, so this is only a
warning, and small arrays are not reported.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU507",
    name="predictions-equal-masks",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the predictions are identical to the masks",
    explains=Symptom.PERFECT_SCORE,
    needs=Needs.WHOLE_DATA_SET,  # a network may get a few simple images right
)

MOST_PIXELS_OF_AN_EXAMPLE = 1_000
"""Arrays of up to this many pixels are not reported. A model may well get all of a few hundred
pixels right, as in the examples of the documentation."""


def find(evidence: Evidence) -> Result:
    """Look for arrays that agree in every pixel and hold several classes."""
    pairs = evidence.pairs.pool()
    is_example = pairs.total <= MOST_PIXELS_OF_AN_EXAMPLE
    if is_example or (pairs.truth != pairs.prediction).any():
        return []
    labels = pairs.count_truths()
    classes = [label for label in labels if 0 <= label < evidence.interpretation.num_classes]
    if len(classes) < 2:
        return []
    return [
        Finding(
            RULE,
            message=f"predictions and masks agree in all {format_count(pairs.total, 'pixel')} and"
            f" {len(classes)} classes: one is a copy of the other, or the model saw the masks",
            help="check which variable was saved as the predictions, and that the model's inputs"
            " do not include the masks",
            facts={"pixels": pairs.total, "classes": len(classes)},
        )
    ]
