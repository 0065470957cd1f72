"""Binary masks hold 0 and 255 instead of 0 and 1.

Image editors save foreground as 255, which is not a class id. Keras 3.15 silently drops those
pixels, so only background is left: a model that predicts no foreground scores 1, and any other
model scores half the share of background that it found. Older versions raise an error. Code that
multiplies masks and predictions reports scores above 1 or below 0.

    masks = (masks > 127).astype("uint8")

255 along the borders of objects is a void label instead: see IOU406. The rule assumes this if the
masks also hold class 1, or if it only forms thin lines around other regions and the predictions do
not follow these lines.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._outlines import is_outline
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent
from iou_doctor.repairs.repair import build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU303",
    name="masks-0-255",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks hold 255 instead of class 1",
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.CLASSES
    | Symptom.CLASS_SHARES
    | Symptom.ABSENT_CLASSES,
    also_explains=("label-out-of-range", "undeclared-void-label"),
)


def find(evidence: Evidence) -> Result:
    """Look for masks of exactly 0 and 255 in a problem of two classes."""
    if evidence.interpretation.num_classes != 2 or evidence.interpretation.ignore_index == 255:
        return []
    counts = evidence.pairs.pool().count_truths()
    if 255 not in counts or not counts.keys() <= {0, 255} or is_outline(evidence, 255):
        return []
    total = sum(counts.values())
    return [
        Finding(
            RULE,
            message=f"masks hold only 0 and 255: {format_count(counts[255], 'pixel')}"
            f" ({format_percent(counts[255], total)}) belong to neither class 0 nor class 1",
            help='masks = (masks > 127).astype("uint8")',
            facts={"pixels_255": counts[255], "pixels": total},
            repair=build_relabelling("masks > 127", side=Side.MASKS, table={255: 1}, safe=True),
        )
    ]
