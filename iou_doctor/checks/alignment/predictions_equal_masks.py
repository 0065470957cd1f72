"""The predictions are the masks themselves.

A variable that was saved twice, a loader that hands out the masks for both, or a model that saw the
masks as its input gives a perfect score. No trained model agrees with hand-drawn masks in every
pixel, least of all along the borders of objects.

    np.save("preds.npy", y_true)      # was meant to be y_pred

Look at one prediction beside its image. Toy data that a model can learn by heart looks the same: it
is a warning, and small arrays are let pass.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU507",
    name="predictions-equal-masks",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the predictions are the masks themselves",
    explains=frozenset({"suspicious-perfect-score"}),
)
FEWEST = 1_000
"""Pixels. A few hundred, as in an example of the documentation, a model does get all right."""


def find(evidence: Evidence) -> Result:
    """Look for arrays that agree in every pixel and hold several classes."""
    pairs = evidence.pairs.pooled()
    if pairs.total <= FEWEST or (pairs.truth != pairs.prediction).any():
        return []
    labels = pairs.truth_counts()
    classes = [label for label in labels if 0 <= label < evidence.interpretation.num_classes]
    if len(classes) < 2:
        return []
    return [
        Finding(
            RULE,
            message=f"predictions and masks agree in all {format_count(pairs.total, 'pixel')} and"
            f" {len(classes)} classes: a copy, or a leak",
            help="check which variable was saved as the predictions, and that the model's input"
            " holds no mask",
            facts={"pixels": pairs.total, "classes": len(classes)},
        )
    ]
