"""The score is perfect, but only one class occurs or pixels were left out.

1.0 is nearly always a fault of the measurement: empty masks, arrays of zeros, or a metric that
drops every pixel it could get wrong. If masks and predictions hold one class only, nothing can be
confused. If pixels outside 0..num_classes-1 are left out, the score is that of the others.

    masks all 0, predictions all 0            MeanIoU 1.0 of one class
    masks of 0 and 255, few false positives   MeanIoU 1.0 of the background

Look at the number of pixels counted, at the classes in the masks, and view one image yourself.
"""

from iou_doctor.checks import other_scores
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import ARRAY_FAULTS
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU607",
    name="suspicious-perfect-score",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the score is perfect only because classes are missing or pixels were left out",
    symptom=Symptom.PERFECT_SCORE,
    also_explains=("class-imbalance",),
    after=ARRAY_FAULTS,
    needs=Needs.WHOLE_DATA_SET,
)

PERFECT = 0.999
"""No trained model scores more than this on a data set of several classes."""
CLEARLY_LESS = 0.01
"""Implementations that report less than the score by this much are listed."""
LEAST_SHARE_LEFT_OUT = 0.01
"""Below this share of the pixels, those left out may just be a few damaged ones."""


def find(evidence: Evidence) -> Result:
    """Examine a score above 0.999, unless an error explains it already."""
    if evidence.has_found_error:
        return Skipped("an error was found, which matters more")
    value, ours = evidence.metric_score.value, evidence.repaired.mean_iou
    best = max((score for score in (value, ours) if score is not None), default=0.0)
    if best <= PERFECT:
        return []
    pixels = evidence.repaired.pixels
    present = [entry.id for entry in evidence.repaired.per_class if entry.iou is not None]
    dropped = max(evidence.metric_score.dropped, pixels.out_of_range)
    total = max(pixels.total, dropped)
    reasons = []
    if len(present) == 1:
        name = evidence.interpretation.class_names[present[0]]
        reasons.append(f"class {name} is the only one in {_name_pixels(evidence)}")
    if dropped > LEAST_SHARE_LEFT_OUT * total:
        verb = "was" if dropped == 1 else "were"
        share = format_percent(dropped, total)
        reasons.append(f"{format_count(dropped, 'value')} ({share}) {verb} left out")
    if not reasons:
        return []
    return [
        Finding(
            RULE,
            message=f"the score is {best:.4f}, but " + " and ".join(reasons),
            evidence=_describe_lower_scores(evidence, best),
            help=_write_help(evidence, is_alone=len(present) == 1),
            facts={
                "metric": value,
                "doctor": ours,
                "classes_present": present,
                "left_out": dropped,
                "values": total,
            },
        )
    ]


def _name_pixels(evidence: Evidence) -> str:
    """Return what holds one class only, in words."""
    pixels = evidence.repaired.pixels
    if not pixels.ignored:
        return "masks and predictions"
    share = format_percent(pixels.ignored, pixels.total)
    return f"the pixels that count, since {share} hold the ignore label and are free"


def _write_help(evidence: Evidence, *, is_alone: bool) -> str:
    interpretation = evidence.interpretation
    if is_alone and interpretation.ignore_index in interpretation.classes:
        return (
            "declare no ignore label, so that predictions on class"
            f" {interpretation.ignore_index} count, too"
        )
    return "look at one mask: np.unique(masks[0], return_counts=True)"


def _describe_lower_scores(evidence: Evidence, best: float) -> str | None:
    """Return which implementations report less for the same arrays, by another convention."""
    less = [
        f"{score.short} {score.value:.4f}"
        for score in evidence.contracts
        if score.value is not None and score.value < best - CLEARLY_LESS
        if score.choices and other_scores.is_data_set_mean(score.choices)
    ]
    return f"by other conventions: {join_words(less)}" if less else None
