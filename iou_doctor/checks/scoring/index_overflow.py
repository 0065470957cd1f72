"""Scripts that index a confusion matrix with `C * label + prediction` in uint8 wrap at 256.

The idiom (`fast_hist`) is in many repositories. When both maps are uint8 and nobody casts them,
NumPy and torch compute the index in uint8: from 17 classes on it passes 255 and lands in a wrong
cell, without a word.

    np.bincount(C * labels[k] + predictions[k], minlength=C**2)                   wraps
    np.bincount(C * labels[k].astype(int) + predictions[k], minlength=C**2)       right

A note, since these arrays do not tell how you score them. The replayed value is what such a script
prints for them; if you know it from your logs, cast.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU604",
    name="index-overflow",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="an index into the confusion matrix computed in uint8 would wrap",
)

FEWEST_CLASSES = 17
"""16 * 15 + 15 is 255, the last number of uint8."""
TOLERANCE = 5e-5
"""Half a unit of the fourth digit: less nobody sees."""


def find(evidence: Evidence) -> Result:
    """Look at what the idiom without a cast reports."""
    if evidence.has_found_error:
        return Skipped("an error was found: a replay matters once it is cured")
    ours = evidence.score.mean_iou if evidence.score else None
    wrapped = _in_bytes(evidence)
    classes = evidence.interpretation.num_classes
    if ours is None or wrapped is None or classes < FEWEST_CLASSES:
        return []
    if abs(wrapped - ours) <= TOLERANCE:
        return []
    return [
        Finding(
            RULE,
            message=f"masks and predictions are uint8 with {classes} classes:"
            f" `C * label + prediction` without a cast wraps at 256 and gives {wrapped:.4f},"
            f" not {ours:.4f}",
            help="np.bincount(C * labels.astype(int) + predictions, minlength=C**2)",
            facts={"num_classes": classes, "wrapped": wrapped, "mean_iou": ours},
        )
    ]


def _in_bytes(evidence: Evidence) -> float | None:
    """Return what scripts report that number the cells in uint8; `None` where none does."""
    for score in evidence.contracts:
        if score.choices is not None and score.choices.byte_cells:
            return score.value
    return None
