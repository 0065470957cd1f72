"""Binary masks hold 0 and 255 instead of 0 and 1.

Foreground is 255, as image editors save it, and no class has that number. Keras 3.15 drops
those pixels without a word, so only background is left: the score is near 1 for a model that
predicts nothing, or half the share of background that was found. Older versions raise. Integer
products give scores above 1 or below 0.

    masks = (masks > 127).astype("uint8")

255 as the border of objects is a void label: see IOU406. It is taken for one beside class 1, and
where it only ever runs in thin lines round something else, which the predictions do not follow.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._outlines import is_outline
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent
from iou_doctor.repairs.repair import Side, relabelling
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU303",
    name="masks-0-255",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks hold 255 where class 1 is meant",
    explains=frozenset(
        {
            "label-out-of-range",
            "undeclared-void-label",
            "dropped-pixels",
            "metric-misreads-arrays",
            "class-imbalance",
            "collapsed-predictions",
            "never-predicted-class",
            "absent-class",
            "unlabelled-class-predicted",
            "score-regression",
        }
    ),
)


def find(evidence: Evidence) -> Result:
    """Look for masks of exactly 0 and 255 in a problem of two classes."""
    if evidence.interpretation.num_classes != 2 or evidence.interpretation.ignore_index == 255:
        return []
    counts = evidence.pairs.pooled().truth_counts()
    if 255 not in counts or not counts.keys() <= {0, 255} or is_outline(evidence, 255):
        return []
    total = sum(counts.values())
    return [
        Finding(
            RULE,
            message=f"masks hold 0 and 255 only: {format_count(counts[255], 'pixel')}"
            f" ({format_percent(counts[255], total)}) belong to no class of 0 and 1",
            help='masks = (masks > 127).astype("uint8")',
            facts={"pixels_255": counts[255], "pixels": total},
            repair=relabelling("masks > 127", side=Side.MASKS, table={255: 1}, safe=True),
        )
    ]
