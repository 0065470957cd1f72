"""The score is perfect, but only one class was there to be found or pixels were left out.

1.0 is nearly always a fault of the measurement: masks that are empty, a metric that drops every
pixel it could get wrong, arrays of zeros. With one class in masks and predictions there is nothing
to confuse; with pixels outside 0..num_classes-1 left out, the score is that of the others.

    masks all 0, predictions all 0            MeanIoU 1.0 of one class
    masks of 0 and 255, few false positives   MeanIoU 1.0 of the background

Look at the pixels counted, at the classes of the masks, and at one image by eye.
"""

from iou_doctor.checks import other_scores
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU607",
    name="suspicious-perfect-score",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the score is perfect only because of what was left out or is not there",
    explains=frozenset({"class-imbalance"}),
)

PERFECT = 0.999
"""No trained model reaches it on a data set of several classes."""
CLEARLY_LESS = 0.01
LEFT_OUT_SHARE = 0.01
"""Below 1 % a few damaged pixels may be the whole story."""


def find(evidence: Evidence) -> Result:
    """Ask what a score above 0.999 rests on, unless an error says so already."""
    if evidence.has_found_error:
        return Skipped("an error was found, which says more")
    value, pixels = evidence.metric_score.value, evidence.repaired.pixels
    ours = evidence.repaired.mean_iou
    best = max((score for score in (value, ours) if score is not None), default=0.0)
    if best <= PERFECT:
        return []
    present = [entry.id for entry in evidence.repaired.per_class if entry.iou is not None]
    dropped = max(evidence.metric_score.dropped, pixels.out_of_range)
    total = max(pixels.total, dropped)
    reasons = []
    if len(present) == 1:
        names = join_words(evidence.interpretation.class_names[label] for label in present)
        reasons.append(f"class {names} is the only one in masks and predictions")
    if dropped > LEFT_OUT_SHARE * total:
        reasons.append(
            f"{format_count(dropped, 'value')} ({format_percent(dropped, total)}) were left out"
        )
    if not reasons:
        return []
    return [
        Finding(
            RULE,
            message=f"a score of {best:.4f}, but " + " and ".join(reasons),
            evidence=_told_otherwise(evidence, best),
            help="look at one mask by eye: np.unique(masks[0], return_counts=True)",
            facts={
                "metric": value,
                "doctor": ours,
                "classes_present": present,
                "left_out": dropped,
                "values": total,
            },
        )
    ]


def _told_otherwise(evidence: Evidence, best: float) -> str | None:
    """Return which implementations print less for the same arrays, by another convention."""
    less = [
        f"{score.short} {score.value:.4f}"
        for score in evidence.contracts
        if score.value is not None and score.value < best - CLEARLY_LESS
        if score.choices and other_scores.is_data_set_mean(score.choices)
    ]
    return f"by other conventions: {join_words(less)}" if less else None
