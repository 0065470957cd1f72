"""The ignore label is one of the classes.

Pixels whose mask is that class leave, but Keras keeps the class in the mean: predictions of it on
other pixels give it a union, so it counts as IoU 0. And with the pixels go the false positives on
them: where background is ignored, an object class that is painted far too large loses nothing. Of
two classes, the IoU of the object becomes its recall.

    4 classes, --ignore-index 0:  the mean of three IoUs and a 0

To leave a class out of the mean only, keep its pixels and name the classes to score. For a label
that means void (ADE20K's 0) ignoring is right; then let no channel stand for it.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent
from iou_doctor.metrics.score import compute_score
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU411",
    name="ignored-class-in-range",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the ignore label is one of the classes",
    explains=frozenset(
        {
            "class-imbalance",
            "unlabelled-class-predicted",
            "suspicious-perfect-score",
            "metric-misreads-arrays",
        }
    ),
)


def find(evidence: Evidence) -> Result:
    """Look for an ignore label that is a class to the predictions too."""
    interpretation = evidence.interpretation
    ignored = interpretation.ignore_index
    if ignored is None or ignored not in interpretation.classes:
        return []
    predicted = evidence.pairs.prediction_counts().get(ignored, 0)
    if not predicted:
        return []  # a void label by a number of its own: leaving it out moves nothing
    classes = [k for k in interpretation.classes if k != ignored]
    whole = compute_score(
        pairs=evidence.pairs, num_classes=interpretation.num_classes, ignore_index=None
    )
    return [
        Finding(
            RULE,
            message=_message(evidence, ignored, whole.average_over(tuple(classes))),
            help="to leave the class out of the mean, keep its pixels:"
            f" keras.metrics.IoU(num_classes={interpretation.num_classes},"
            f" target_class_ids={classes})",
            facts={
                "label": ignored,
                "pixels": evidence.repaired.pixels.ignored,
                "predicted_pixels": predicted,
                "metric": evidence.metric_score.value,
                "mean_iou": evidence.repaired.mean_iou,
                "mean_iou_with_its_pixels": whole.average_over(tuple(classes)),
                "recall": evidence.repaired.mean_iou if interpretation.num_classes == 2 else None,
            },
        )
    ]


def _message(evidence: Evidence, ignored: int, whole: float | None) -> str:
    interpretation, ours = evidence.interpretation, evidence.repaired
    name = interpretation.class_names[ignored]
    pixels = format_count(ours.pixels.ignored, "pixel")
    text = (
        f"class {name} is ignored: {pixels}"
        f" ({format_percent(ours.pixels.ignored, ours.pixels.total)})"
    )
    text += " leave, and so do the false positives on them"
    if interpretation.num_classes == 2 and ours.mean_iou is not None:
        text += f", so the IoU of class {interpretation.class_names[1 - ignored]} is its recall"
    if ours.mean_iou is None or whole is None:
        return text
    text += f"; without the class the mean IoU is {ours.mean_iou:.4f}, with its pixels counted"
    text += f" {whole:.4f}"
    value = evidence.metric_score.value
    misses = ours.per_class[ignored].predicted_pixels
    if value is None or not misses:
        return text
    return f"{text}, and the metric reads {value:.4f} since it keeps the class in the mean"
