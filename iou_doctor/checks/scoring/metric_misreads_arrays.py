"""The metric's number differs from what the arrays agree on, and no other rule says why.

Every known cause has a rule of its own. When none of them fires and the two numbers still
differ, the metric does not compute what you think it does, or these arrays are broken in a way
that has no name yet.

Compare the metric's call with the assumptions at the end of the report, and give --layout,
--predictions-as, --masks-as or --num-classes where a guess is wrong.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

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
    if evidence.has_found_error or evidence.has_found("inputs-swapped"):
        return []
    result = evidence.metric_score
    message = _raises(evidence) if result.error else _differs(evidence)
    if message is None:
        return []
    return [
        Finding(
            RULE,
            message=message,
            help=_help(evidence),
            facts={
                "metric": result.value,
                "doctor": evidence.score_if_read_well,
                "error": result.error,
            },
        )
    ]


def _help(evidence: Evidence) -> str:
    contract = evidence.metric.contract
    if evidence.metric_score.error and contract is not None and contract.instead:
        return contract.instead
    return (
        "check the assumptions below; correct them with --layout, --predictions-as, --masks-as or"
        " --num-classes"
    )


def _raises(evidence: Evidence) -> str:
    return f"{evidence.metric.call} raises: {evidence.metric_score.error}"


def _differs(evidence: Evidence) -> str | None:
    """Return how the two numbers differ; `None` where they do not, or where it is known why."""
    known = ("dropped-pixels", "invalid-one-hot", "ignored-class-in-range")
    value, ours = evidence.metric_score.value, evidence.score_if_read_well
    if value is None:
        return None
    if _no_labels(evidence):
        return f"{evidence.metric.call} reads {value:.4f}, but the masks hold no class ids"
    if ours is None or abs(value - ours) <= TOLERANCE or evidence.has_found(*known):
        return None
    return f"{evidence.metric.call} reads {value:.4f}, but the arrays agree at {ours:.4f}"


def _no_labels(evidence: Evidence) -> bool:
    """Return whether the masks are numbers of some other kind (normalised with an image, say)."""
    pixels = evidence.repaired.pixels
    guessed = any(guess.field == "masks.encoding" for guess in evidence.interpretation.assumed)
    return (guessed and evidence.interpretation.y_true.is_thresholded) or bool(
        pixels.out_of_range and not pixels.counted
    )
