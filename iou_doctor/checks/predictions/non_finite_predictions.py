"""The predictions contain NaN or infinite values.

Libraries treat NaN differently: NumPy's argmax returns its position, TensorFlow's skips it, and a
cast to integer turns it into a huge negative number. Keras 3.15 silently drops such pixels, so the
score of the remaining ones may look better than it is. iou-doctor counts them as wrong.

    predictions = [0.1, nan, 0.2]

Look for a division by zero, a logarithm of zero, a float16 overflow or a diverged training run.
Do not replace NaN by 0 before you know the cause.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import (
    describe_first,
    describe_non_finite,
    format_percent,
    join_words,
)
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU207",
    name="non-finite-predictions",
    severity=Severity.ERROR,
    suspicion=Suspicion.NON_FINITE,
    claim="the predictions contain NaN or infinite values",
    explains=Symptom.METRIC | Symptom.BASELINE,
)


def find(evidence: Evidence) -> Result:
    """Look for NaN and infinite values."""
    values = evidence.stats.y_pred
    if not values.non_finite:
        return []
    return [
        Finding(
            RULE,
            message=f"predictions contain {join_words(describe_non_finite(values))},"
            f" {format_percent(values.non_finite, values.values)} of all values",
            help="look for log(0), 0/0, a float16 overflow or a diverged training run",
            facts={"nan": values.nan, "infinite": values.infinite, "values": values.values},
            evidence=describe_first(values.first_non_finite, evidence),
        )
    ]
