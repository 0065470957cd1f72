"""The metric's number differs from iou-doctor's score, and no other rule explains it.

Every known cause has a rule of its own. If none of them fires and the two numbers still differ,
the metric does not compute what you think it does, or these arrays are broken in a way that no rule
covers yet.

Compare the metric's call with the assumptions at the end of the report. If one of them is wrong,
correct it with --layout, --predictions-as, --masks-as or --num-classes.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.other_scores import TOLERANCE
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import needs_argmax, suggest_call
from iou_doctor.checks.symptoms import ARRAY_FAULTS
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU608",
    name="metric-misreads-arrays",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,
    claim="the metric does not compute the mean IoU of these arrays",
    symptom=Symptom.METRIC,
    after=(*ARRAY_FAULTS, "dropped-pixels", "ignored-class-in-range"),
)

EXPLAINING_RULES = (
    "dropped-pixels",
    "invalid-one-hot",
    "ignored-class-in-range",
    "relu-before-sigmoid",  # metrics disagree about scores that equal the threshold
    "byte-scores",  # of signed bytes that the metric cuts near the middle
)
"""Rules that are not errors and yet explain why the two numbers differ."""


def find(evidence: Evidence) -> Result:
    """Compare the metric's number with iou-doctor's, unless an error was found already."""
    if evidence.has_found_error or evidence.has_found("inputs-swapped"):
        return []
    result = evidence.metric_score
    message = _describe_error(evidence) if result.error else _describe_difference(evidence)
    if message is None:
        return []
    return [
        Finding(
            RULE,
            message=message,
            help=_write_help(evidence),
            facts={
                "metric": result.value,
                "doctor": evidence.score_if_read_well,
                "error": result.error,
            },
        )
    ]


def _write_help(evidence: Evidence) -> str:
    contract = evidence.metric.contract
    if evidence.metric_score.error and contract is not None and contract.instead:
        return contract.instead
    if evidence.metric_score.error and needs_argmax(evidence):
        return suggest_call(evidence)
    layout = evidence.interpretation.layout
    if evidence.metric_score.note and not (layout.y_true.is_dense or layout.y_pred.is_dense):
        return "one-hot encode both arrays, or score each class apart: masks == 1, predictions == 1"
    return (
        "check the assumptions below, and correct them with --layout, --predictions-as, --masks-as"
        " or --num-classes"
    )


def _describe_error(evidence: Evidence) -> str:
    return f"{evidence.metric.call} raises: {evidence.metric_score.error}"


def _describe_difference(evidence: Evidence) -> str | None:
    """Return how the two numbers differ; `None` if they are equal or another rule explains it."""
    value, ours = evidence.metric_score.value, evidence.score_if_read_well
    note = evidence.metric_score.note
    if value is None:
        is_misread = note and note != "NaN" and not evidence.found
        return f"{evidence.metric.call} misreads the arrays: {note}" if is_misread else None
    if _has_no_class_ids(evidence):
        return f"{evidence.metric.call} reads {value:.4f}, but the masks hold no class ids"
    if ours is None or abs(value - ours) <= TOLERANCE or evidence.has_found(*EXPLAINING_RULES):
        return None
    if _have_logits_of_zero(evidence):
        return None
    return f"{evidence.metric.call} reads {value:.4f}, but read well they give {ours:.4f}"


def _have_logits_of_zero(evidence: Evidence) -> bool:
    """Return whether all logits of some pixels are 0: iou-doctor reads no class, metrics class 0.

    A network whose biases are still 0 gives such logits where an image is black.
    """
    if evidence.interpretation.y_pred is not Encoding.LOGITS:
        return False
    return is_no_class(min(evidence.pairs.pool().count_predictions(), default=0))


def _has_no_class_ids(evidence: Evidence) -> bool:
    """Return whether the masks hold numbers of some other kind, such as normalised intensities."""
    pixels = evidence.repaired.pixels
    is_guessed = any(one.field == "masks.encoding" for one in evidence.interpretation.assumed)
    return (is_guessed and evidence.interpretation.y_true.is_thresholded) or bool(
        pixels.out_of_range and not pixels.counted
    )
