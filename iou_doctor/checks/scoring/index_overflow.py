"""Scripts that index a confusion matrix with `C * label + prediction` in uint8 wrap at 256.

The idiom (`fast_hist`) is in many repositories. If both maps are uint8 and neither is cast, NumPy
and torch compute the index in uint8. From 17 classes on it exceeds 255 and silently lands in a
wrong cell. The `ConfusionMatrix` of ignite multiplies so, too, if the masks alone are uint8.

    np.bincount(C * labels[k] + predictions[k], minlength=C**2)                   wraps
    np.bincount(C * labels[k].astype(int) + predictions[k], minlength=C**2)       right

This is only a note, because the arrays do not show how you score them. The finding gives the value
that such a script prints for them. If you know that value from your logs, add the cast.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.other_scores import TOLERANCE
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import ARRAY_FAULTS
from iou_doctor.metrics.engine.cells import counts_in_bytes
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.libraries.ignite import UINT8
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU604",
    name="index-overflow",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="an index into the confusion matrix would wrap if it is computed in uint8",
    after=ARRAY_FAULTS,
    needs=Needs.WHOLE_DATA_SET,
)

FEWEST_WRAPPING_CLASSES = 17
"""With 16 classes the largest index is 16 * 15 + 15 = 255, the largest number in uint8."""


def find(evidence: Evidence) -> Result:
    """Compute what the idiom reports without a cast."""
    if evidence.has_found_error:
        return Skipped("an error was found: this index matters only after its repair")
    ours = evidence.score.mean_iou if evidence.score else None
    wrapped = _find_wrapped_score(evidence)
    classes = evidence.interpretation.num_classes
    if ours is None or wrapped is None or classes < FEWEST_WRAPPING_CLASSES:
        return []
    if abs(wrapped - ours) <= TOLERANCE:
        return []
    if _is_ignite(evidence):
        stored, index = "masks are uint8", "ignite's `num_classes * y`"
        repair = "cast the masks: y.long() in the output_transform of ConfusionMatrix"
    else:
        stored = "masks and predictions are uint8"
        index = "`C * label + prediction` without a cast"
        repair = (
            f"cast the masks: k = masks < {classes}; np.bincount({classes} *"
            f" masks[k].astype(int) + predictions[k], minlength={classes}**2)"
        )
    return [
        Finding(
            RULE,
            message=f"{stored} with {classes} classes: {index} wraps at 256 and gives"
            f" {wrapped:.4f}, not {ours:.4f}",
            help=repair,
            facts={"num_classes": classes, "wrapped": wrapped, "mean_iou": ours},
        )
    ]


def _is_ignite(evidence: Evidence) -> bool:
    return evidence.metric.contract is not None and evidence.metric.contract.library == "ignite"


def _find_wrapped_score(evidence: Evidence) -> float | None:
    """Return the score of a script that computes the index in uint8; `None` if none does."""
    if _is_ignite(evidence):
        inputs = evidence.inputs
        wraps = inputs is not None and counts_in_bytes(inputs, UINT8.choices)
        return evaluate(UINT8, inputs).value if inputs and wraps else None
    for score in evidence.contracts:
        if score.choices is not None and score.choices.byte_cells:
            return score.value
    return None
