"""The metric's number differs from what the arrays agree on, and no other rule says why.

Every known cause has a rule of its own. When none of them fires and the two numbers still
differ, the metric does not compute what you think it does, or these arrays are broken in a way
that has no name yet.

Compare the metric's call with the assumptions at the end of the report, and give --layout,
--predictions-as, --masks-as or --num-classes where a guess is wrong.
"""

from iou_doctor.checks import Result
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU608",
    name="metric-misreads-arrays",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,
    claim="the metric does not compute the mean IoU of these arrays",
)

TOLERANCE = 5e-5
"""Half a unit of the fourth digit, which is what logs print; float32 rounding stays below 1e-6."""


def find(evidence: Evidence) -> Result:
    """Compare the metric's number with the doctor's, unless something was found already."""
    if evidence.error_found:
        return []
    if evidence.has_found(
        "dropped-pixels", "invalid-one-hot", "ignored-class-in-range", "inputs-swapped"
    ):
        return []
    metric, result = evidence.metric, evidence.metric_score
    ours = evidence.score.mean_over(metric.target_class_ids) if evidence.score else None
    if result.error:
        message = f"{metric.call} raises: {result.error}"
    elif result.value is None or ours is None or abs(result.value - ours) <= TOLERANCE:
        return []
    else:
        message = f"{metric.call} reads {result.value:.4f}, but the arrays agree at {ours:.4f}"
    return [
        Finding(
            RULE,
            message=message,
            help="check the assumptions below; correct them with --layout, --predictions-as,"
            " --masks-as or --num-classes",
            facts={"metric": result.value, "doctor": ours, "error": result.error},
        )
    ]
